package io.mig.migration.source;

import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.TreeFreezer;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuLauncher;
import io.mig.checkpoint.image.TaskImage;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.home.journal.DeputyRecord;
import io.mig.migration.ProgramsCgroup;
import io.mig.migration.preflight.AgentFacts;
import io.mig.migration.preflight.PreflightReport;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.SourceFactsReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A process at its home that has never moved. */
final class OriginalBody implements Body {
    private static final long LOOK_NANOS = 50_000;

    private static final Duration START_CRIU = Duration.ofSeconds(10);
    private static final Duration REMOVE = Duration.ofSeconds(2);
    private static final String BASE = "mig";

    private final int pid;
    private final SourceFactsReader reader;
    private final Supplier<AgentFacts> agent;
    private final CriuLauncher launcher;
    private final TreeFreezer freezer;
    private final Freezer freezers;
    private final ProgramsCgroup programs;
    private final String leafName;
    private final boolean homeFiles;
    private final Path leafPath;
    private @Nullable Leaf leaf;
    private @Nullable FrozenTree frozen;

    OriginalBody(
            int pid,
            SourceFactsReader reader,
            Supplier<AgentFacts> agent,
            CriuLauncher launcher,
            Freezer freezers,
            ProgramsCgroup programs,
            String leafName,
            boolean homeFiles) {
        this.homeFiles = homeFiles;
        this.pid = pid;
        this.reader = reader;
        this.agent = agent;
        this.launcher = launcher;
        this.freezer = new TreeFreezer(freezers.root());
        this.freezers = freezers;
        this.programs = programs;
        this.leafName = leafName;
        this.leafPath = freezers.root().mountPoint().resolve(BASE).resolve(leafName);
    }

    @Override
    public int hostPid() {
        return pid;
    }

    @Override
    public int innerPid() {
        return pid;
    }

    @Override
    public String hostname() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "localhost"; // not worth a refusal
        }
    }

    @Override
    public SourceFacts facts() {
        return reader.read(pid, agent.get(), Optional.empty());
    }

    @Override
    public SourceFacts facts(SourceFacts before) {
        return reader.reread(before, Optional.empty());
    }

    @Override
    public boolean inHomeTree() {
        return homeFiles;
    }

    @Override
    public CriuConnection startCriu() {
        return launcher.start(START_CRIU, innerPid());
    }

    @Override
    public SourceNote.Place place() {
        return new SourceNote.Place.AtHome(leafPath);
    }

    /** Nothing keeps it from taking another one at once; but a freeze now has the best chance. */
    @Override
    public Runnable holdLocks(SourceFacts facts, long untilNanos) {
        ProcFs proc = ProcFs.system();
        facts.tree()
                .ifPresent(
                        tree -> {
                            while (!proc.locksHeldBy(tree).isEmpty()
                                    && System.nanoTime() - untilNanos < 0) {
                                LockSupport.parkNanos(LOOK_NANOS);
                            }
                        });
        return () -> {};
    }

    @Override
    public void freeze() {
        // only now, when the note about it is written: nothing is left behind without a note
        Leaf made = leaf == null ? freezers.create(leafName) : leaf;
        leaf = made;
        programs.free(List.of(pid));
        FrozenTree tree;
        try {
            tree = freezer.freeze(pid, made);
        } catch (RuntimeException e) {
            programs.limit(List.of(pid));
            throw e;
        }
        frozen = tree;
        programs.free(tree.pids().stream().filter(p -> p != pid).toList());
    }

    @Override
    public DumpRequest.Builder dump(Path images) {
        return DumpRequest.of(pid, images).leaveRunning(true).freezeCgroup(leafPath);
    }

    @Override
    public ByteBuffer linkState() {
        return ByteBuffer.allocate(0);
    }

    @Override
    public List<Integer> links(TreeFacts frozen) {
        return frozen.processes().stream()
                .filter(p -> !p.stat().zombie())
                .map(ProcessFacts::pid)
                .toList();
    }

    @Override
    public List<DeputyRecord> deputies(
            PreflightReport report, SourceFacts facts, List<TaskImage> tasks) {
        return DeputyPlans.of(facts.tree().orElseThrow(), report.streams(), tasks);
    }

    @Override
    public void thaw() {
        if (frozen != null) {
            programs.limit(frozen.pids());
            frozen.thawAndReturn();
            frozen = null;
        }
    }

    @Override
    public void release() {
        // home's deputies take the place of the frozen originals and leave the leaf empty
        frozen = null;
    }

    @Override
    public void close() {
        if (frozen == null && leaf != null && leaf.exists()) {
            leaf.remove(REMOVE);
        }
    }
}
