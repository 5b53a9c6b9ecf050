package io.mig.home;

import io.mig.model.HomePid;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Our processes that are away. A view for listings and look-ups: what must survive is in the
 * journal.
 *
 * <p>Thread-safe: readers see an immutable map without waiting, a change swaps it for a new one.
 */
public final class AwayTable {
    private final Object changing = new Object();
    private volatile Map<HomePid, AwayRecord> records = Map.of();

    /** Adds a process, or replaces what is known of it. */
    public void put(AwayRecord record) {
        synchronized (changing) {
            Map<HomePid, AwayRecord> next = new HashMap<>(records);
            next.put(record.process(), record);
            records = Map.copyOf(next);
        }
    }

    /** Changes a process if it is here. */
    public Optional<AwayRecord> update(HomePid process, UnaryOperator<AwayRecord> change) {
        synchronized (changing) {
            AwayRecord record = records.get(process);
            if (record == null) {
                return Optional.empty();
            }
            AwayRecord changed = change.apply(record);
            put(changed);
            return Optional.of(changed);
        }
    }

    public void remove(HomePid process) {
        synchronized (changing) {
            Map<HomePid, AwayRecord> next = new HashMap<>(records);
            next.remove(process);
            records = Map.copyOf(next);
        }
    }

    public Optional<AwayRecord> find(HomePid process) {
        return Optional.ofNullable(records.get(process));
    }

    /** The process that has a deputy with this pid, the root or any other of its tree. */
    public Optional<AwayRecord> ofDeputy(int pid) {
        return records.values().stream()
                .filter(record -> record.deputy(pid).isPresent())
                .findFirst();
    }

    public Collection<AwayRecord> all() {
        return records.values();
    }
}
