package io.mig.migration.source;

import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuServer;
import io.mig.checkpoint.image.TaskImage;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.relay.FrameType;
import io.mig.migration.ProgramsCgroup;
import io.mig.migration.preflight.AgentFacts;
import io.mig.migration.preflight.CapsuleContext;
import io.mig.migration.preflight.CapsuleContext.KnownStream;
import io.mig.migration.preflight.PreflightReport;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.SourceFactsReader;
import io.mig.migration.preflight.StreamKind;
import io.mig.migration.target.Capsule;
import io.mig.migration.target.Guest;
import io.mig.migration.target.GuestRecord.GuestStream;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The body of a process that lives in a capsule of this host. */
final class GuestBody implements Body {
    private static final Duration FREEZE = Duration.ofSeconds(5);
    private static final int VFORK_ATTEMPTS = 50;
    private static final long VFORK_PAUSE_NANOS = 3_000_000;

    private final Guest guest;
    private final SourceFactsReader reader;
    private final Supplier<AgentFacts> agent;
    private final CriuServer server;
    private final Path criu;
    private final ProgramsCgroup programs;
    private final Consumer<Guest> dropper;
    private final boolean homeFiles;
    private final HomeLocks locks;
    private final int hostPid;
    private boolean frozen;
    private boolean exported;

    /**
     * @param dropper throws a guest of this host away, with its capsule and records
     * @param homeFiles this is its home, and it shall keep seeing these files
     * @param locks those that it has at its home
     */
    GuestBody(
            Guest guest,
            SourceFactsReader reader,
            Supplier<AgentFacts> agent,
            CriuServer server,
            Path criu,
            ProgramsCgroup programs,
            Consumer<Guest> dropper,
            boolean homeFiles,
            HomeLocks locks) {
        this.locks = locks;
        this.homeFiles = homeFiles;
        this.guest = guest;
        this.reader = reader;
        this.agent = agent;
        this.server = server;
        this.criu = criu;
        this.programs = programs;
        this.dropper = dropper;
        this.hostPid =
                guest.capsule().list().stream()
                        .filter(l -> Integer.toString(innerPid()).equals(l.get("pid")))
                        .map(l -> Integer.parseInt(l.getOrDefault("hostpid", "0")))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new RefusedException(
                                                ErrorCode.NOT_FOUND,
                                                "body of process="
                                                        + guest.process()
                                                        + " has just ended"));
    }

    @Override
    public int hostPid() {
        return hostPid;
    }

    @Override
    public int innerPid() {
        return guest.process().pid();
    }

    @Override
    public String hostname() {
        return guest.record().hostname();
    }

    @Override
    public SourceFacts facts() {
        return locks.addTo(
                aside(() -> reader.read(hostPid, agent.get(), Optional.of(surroundings()))));
    }

    @Override
    public SourceFacts facts(SourceFacts before) {
        return locks.addTo(aside(() -> reader.reread(before, Optional.of(surroundings()))));
    }

    @Override
    public boolean inHomeTree() {
        return homeFiles || servedByItsHome();
    }

    private boolean servedByItsHome() {
        return guest.record().files().isPresent();
    }

    /**
     * Looking at a file of the guest's may ask its home, and the answer comes by virtual threads of
     * this agent: whoever waits for it must not occupy one of their carriers.
     */
    private <T> T aside(Supplier<T> look) {
        if (!servedByItsHome()) {
            return look.get();
        }
        FutureTask<T> task = new FutureTask<>(look::get);
        Thread.ofPlatform().daemon().name("look-" + guest.process().brief()).start(task);
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.TIMEOUT, "interrupted while looking at it");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private CapsuleContext surroundings() {
        Map<Integer, String> keys = guest.capsule().keys();
        List<KnownStream> streams = new ArrayList<>();
        for (GuestStream s : guest.record().streams()) {
            String key = keys.get(s.id());
            if (key != null) {
                streams.add(new KnownStream(s.id(), kind(s.kind()), key, s.link(), s.demand()));
            }
        }
        Capsule capsule = guest.capsule();
        int init = capsule.endpoint().peerPid();
        Set<Integer> standIns =
                capsule.standIns().pids().stream()
                        .filter(p -> p != init)
                        .collect(Collectors.toUnmodifiableSet());
        return reader.capsule(init, standIns, hostPid, streams);
    }

    private static StreamKind kind(String text) {
        return Arrays.stream(StreamKind.values())
                .filter(k -> k.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("stream kind=" + text));
    }

    @Override
    public CriuConnection startCriu() {
        return guest.capsule().startCriuToDump(server, criu, innerPid()).connection();
    }

    @Override
    public SourceNote.Place place() {
        return new SourceNote.Place.InCapsule(guest.capsule().id());
    }

    @Override
    public Runnable holdLocks(SourceFacts facts, long untilNanos) {
        return servedByItsHome() ? locks.hold(facts, untilNanos) : () -> {};
    }

    @Override
    public void settle(SourceFacts facts) {
        if (servedByItsHome()) {
            locks.settle(facts, guest.capsule().standIns());
        }
    }

    @Override
    public void freeze() {
        frozen = true;
        programs.free(guest.capsule().guests().pids());
        try {
            freezeWhenQuiet();
        } catch (RuntimeException e) {
            thaw();
            throw e;
        }
    }

    /**
     * A parent that waits in vfork(2) counts as frozen but cannot be dumped (it is in state D): it
     * is let go for a moment.
     */
    private void freezeWhenQuiet() {
        for (int attempt = 1; ; attempt++) {
            guest.capsule().guests().freeze(FREEZE);
            if (attempt == VFORK_ATTEMPTS || !anyInVfork()) {
                return;
            }
            guest.capsule().guests().thaw();
            LockSupport.parkNanos(VFORK_PAUSE_NANOS);
        }
    }

    private boolean anyInVfork() {
        ProcFs proc = ProcFs.system();
        return guest.capsule().guests().pids().stream()
                .anyMatch(pid -> proc.stat(pid).filter(s -> s.state() == 'D').isPresent());
    }

    @Override
    public DumpRequest.Builder dump(Path images) {
        DumpRequest.Builder builder =
                DumpRequest.of(innerPid(), images)
                        .imagesAsSeenByCriu(guest.capsule().imagesInside(images))
                        .leaveRunning(true)
                        .freezeCgroup(guest.capsule().guestsInside());
        guest.capsule().criuConfig().ifPresent(builder::configFile);
        return builder;
    }

    @Override
    public ByteBuffer linkState() {
        exported = true;
        return guest.capsule().exportState();
    }

    /** Those that are still alive; what was born away has no deputy. */
    @Override
    public List<Integer> links(TreeFacts frozen) {
        return frozen.processes().stream()
                .filter(p -> !p.stat().zombie())
                .map(ProcessFacts::innerPid)
                .filter(guest.record().links()::contains)
                .toList();
    }

    @Override
    public List<DeputyRecord> deputies(
            PreflightReport report, SourceFacts facts, List<TaskImage> tasks) {
        return List.of();
    }

    @Override
    public void thaw() {
        if (exported) {
            guest.capsule().command(FrameType.RESUME, "");
            exported = false;
        }
        if (frozen) {
            programs.limit(guest.capsule().guests().pids());
            guest.capsule().guests().thaw();
            frozen = false;
        }
    }

    @Override
    public void release() {
        dropper.accept(guest);
        frozen = false;
        exported = false;
    }

    @Override
    public void close() {
        // the capsule lives on with its body, or went with release()
    }
}
