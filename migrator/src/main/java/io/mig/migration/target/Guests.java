package io.mig.migration.target;

import io.mig.model.HomePid;
import io.mig.model.MoveId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All capsules of this host, by the move that brought them, each with its record on disk.
 * Thread-safe; changes of one guest are made by one thread at a time (the move's, or home's order).
 */
public final class Guests {
    private static final Logger LOG = LoggerFactory.getLogger(Guests.class);

    private final Path directory;
    private final Map<MoveId, Guest> guests = new ConcurrentHashMap<>();

    public Guests(Path directory) {
        this.directory = directory;
    }

    /**
     * Finds the capsules of an earlier agent; those that are gone are forgotten.
     *
     * @param roots where a guest with its home's files has its root
     */
    public List<Guest> reload(
            CapsuleFactory factory, Function<GuestRecord, Optional<CapsuleRoot>> roots)
            throws IOException {
        Files.createDirectories(directory);
        List<String> faults = new ArrayList<>();
        for (GuestRecord record : GuestRecord.readAll(directory, faults)) {
            Capsule capsule = factory.handle(record.capsule(), roots.apply(record));
            if (capsule.alive()) {
                guests.put(record.move(), new Guest(record, capsule));
            } else {
                LOG.info(
                        "capsule of an earlier agent is gone: {} process={}",
                        capsule,
                        record.process());
                capsule.destroy();
                record.delete(directory);
            }
        }
        faults.forEach(f -> LOG.error("{}", f));
        return List.copyOf(guests.values());
    }

    /** Remembers a guest, on disk first. */
    public void put(Guest guest) throws IOException {
        guest.record().write(directory);
        guests.put(guest.move(), guest);
    }

    /**
     * Remembers a change that must take effect even if the disk is full: home's journal knows it.
     */
    public void advance(Guest guest) {
        guests.put(guest.move(), guest);
        try {
            guest.record().write(directory);
        } catch (IOException e) {
            LOG.warn("guest record stays behind: process={} {}", guest.process(), e.getMessage());
        }
    }

    public void remove(Guest guest) {
        guests.remove(guest.move());
        try {
            guest.record().delete(directory);
        } catch (IOException e) {
            LOG.warn("guest record stays: process={} {}", guest.process(), e.getMessage());
        }
    }

    public Optional<Guest> byMove(MoveId move) {
        return Optional.ofNullable(guests.get(move));
    }

    /** The body of a process that runs here. */
    public Optional<Guest> running(HomePid process) {
        return guests.values().stream()
                .filter(g -> g.process().equals(process))
                .filter(g -> g.record().state() == GuestRecord.State.RUNNING)
                .findFirst();
    }

    public Optional<Guest> byCapsule(UUID capsule) {
        return guests.values().stream().filter(g -> g.capsule().id().equals(capsule)).findFirst();
    }

    public List<Guest> all() {
        return List.copyOf(guests.values());
    }
}
