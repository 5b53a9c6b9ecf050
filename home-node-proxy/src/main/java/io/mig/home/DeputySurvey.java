package io.mig.home;

import io.mig.checkpoint.CgroupRoot;
import io.mig.checkpoint.CheckpointException;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.ProcessRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Finds out what lives under the pids that the journal names. Reads {@code /proc}; thread-safe. */
public final class DeputySurvey {
    private static final String DELETED = " (deleted)";

    private final NativeTools tools;

    public DeputySurvey(NativeTools tools) {
        this.tools = tools;
    }

    /** One finding per deputy of the record, in its order. */
    public List<DeputyFinding> of(ProcessRecord record) {
        return record.deputies().stream().map(this::find).toList();
    }

    private DeputyFinding find(DeputyRecord deputy) {
        int pid = deputy.pid();
        if (deputy.ended() || !alive(pid, deputy.startTicks())) {
            return new DeputyFinding.Gone(pid, deputy.ended());
        }
        return runsDeputy(pid)
                ? new DeputyFinding.Deputy(pid)
                : new DeputyFinding.Original(pid, isFrozen(pid));
    }

    /** Whether the process with this pid is still the one that began then, and no zombie. */
    static boolean alive(int pid, long startTicks) {
        Optional<ProcStatFile> stat = ProcStatFile.open(pid, startTicks);
        if (stat.isEmpty()) {
            return false;
        }
        try (ProcStatFile open = stat.get()) {
            return open.read().filter(line -> !line.dead()).isPresent();
        }
    }

    /**
     * Whether the process executes the deputy program (or a version of it that was replaced since).
     */
    boolean runsDeputy(int pid) {
        try {
            String exe =
                    Files.readSymbolicLink(Path.of("/proc", String.valueOf(pid), "exe")).toString();
            String deputy = tools.deputy().toString();
            return exe.equals(deputy) || exe.equals(deputy + DELETED);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isFrozen(int pid) {
        try {
            CgroupRoot root = CgroupRoot.discover();
            Optional<Path> cgroup = root.pathOf(pid).flatMap(root::directory);
            return cgroup.isPresent()
                    && Files.readAllLines(cgroup.get().resolve("cgroup.events"))
                            .contains("frozen 1");
        } catch (IOException | CheckpointException e) {
            return false;
        }
    }

    /** A helper for the deputies this finds. */
    Deputiser deputiser() {
        return new Deputiser(tools);
    }
}
