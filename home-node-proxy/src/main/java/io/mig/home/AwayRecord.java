package io.mig.home;

import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.ProcessRecord;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One of our processes that is away (or came back into a capsule of this node).
 *
 * @param process root of the tree
 * @param host node that owns the body
 * @param epoch of that ownership
 * @param uid numeric user
 * @param command for people
 * @param since last change of owner
 * @param state how it is doing
 * @param deputies of the tree
 */
public record AwayRecord(
        HomePid process,
        NodeId host,
        Epoch epoch,
        int uid,
        String command,
        Instant since,
        AwayState state,
        List<DeputyRecord> deputies) {

    public AwayRecord {
        deputies = List.copyOf(deputies);
    }

    public static AwayRecord of(ProcessRecord record) {
        return new AwayRecord(
                record.process(),
                record.owner(),
                record.epoch(),
                record.uid(),
                record.command(),
                record.since(),
                AwayState.RUNNING,
                record.deputies());
    }

    public AwayRecord withState(AwayState next) {
        return new AwayRecord(process, host, epoch, uid, command, since, next, deputies);
    }

    AwayRecord withDeputy(DeputyRecord changed) {
        return new AwayRecord(
                process,
                host,
                epoch,
                uid,
                command,
                since,
                state,
                deputies.stream()
                        .map(deputy -> deputy.pid() == changed.pid() ? changed : deputy)
                        .toList());
    }

    public Optional<DeputyRecord> deputy(int pid) {
        return deputies.stream().filter(deputy -> deputy.pid() == pid).findFirst();
    }

    /** Home pids that have a deputy: the links of the process. */
    public Set<Integer> links() {
        return deputies.stream().map(DeputyRecord::pid).collect(Collectors.toUnmodifiableSet());
    }

    /** Whether all deputies and keepers are gone. */
    public boolean over() {
        return deputies.stream().allMatch(deputy -> deputy.ended() && deputy.keeper().isEmpty());
    }
}
