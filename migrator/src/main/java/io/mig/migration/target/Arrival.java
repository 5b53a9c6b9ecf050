package io.mig.migration.target;

import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.CriuNotification;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.RestoreResult;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.CriuServer;
import io.mig.checkpoint.image.IdentityCheck;
import io.mig.checkpoint.image.IdentityLimits;
import io.mig.checkpoint.image.ImageDirectory;
import io.mig.fault.FaultPoint;
import io.mig.fault.Faults;
import io.mig.home.relay.FrameType;
import io.mig.migration.Directories;
import io.mig.migration.InnerIds;
import io.mig.migration.stream.ImageReceiver;
import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import io.mig.wire.proto.ReserveRequest;
import io.mig.wire.proto.RestoreReply;
import io.mig.wire.proto.StreamItem;
import io.mig.wire.proto.VouchReply;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One move's coming to this node, from the promise of a place to the frozen body. The source drives
 * it by its requests; {@link #cancel()} may come at any time from another thread and makes every
 * running step fail.
 *
 * <pre>
 *   reserve: cgroups, capsule, stand-ins, CRIU waiting
 *   images arrive (bulk stream)
 *   restore: link state in, CRIU builds the tree, at pre-resume it is moved into the frozen guest cgroup
 * </pre>
 */
final class Arrival {
    private static final Logger LOG = LoggerFactory.getLogger(Arrival.class);

    private final TargetConfig config;
    private final Faults faults;
    private final Guest guest;
    private final ReserveRequest request;
    private final VouchReply vouched;
    private final HomeTrees trees;
    private final Path images;
    private final ImageReceiver receiver;
    private final Map<Integer, Integer> fds = new HashMap<>();
    private @Nullable CriuConnection criu;
    private boolean cancelled;

    /**
     * @param vouched home's word on who its processes may be
     */
    Arrival(
            TargetConfig config,
            Faults faults,
            Guest guest,
            ReserveRequest request,
            VouchReply vouched,
            HomeTrees trees) {
        this.trees = trees;
        this.vouched = vouched;
        this.config = config;
        this.faults = faults;
        this.guest = guest;
        this.request = request;
        this.images = config.movesDir().resolve("in-" + guest.record().shortName());
        // metadata comes on top of the memory; nobody needs more than a quarter more
        long limit = request.getTree().getResidentBytes() * 5 / 4 + (512L << 20);
        this.receiver =
                new ImageReceiver(images, limit, () -> faults.at(FaultPoint.TARGET_RECEIVING));
    }

    Guest guest() {
        return guest;
    }

    ImageReceiver receiver() {
        return receiver;
    }

    /** Stand-ins, and a waiting CRIU unless nothing is to be restored. */
    void prepare(CriuServer server) throws IOException {
        Directories.fresh(images);
        Capsule capsule = guest.capsule();
        try (Prefetch running = prefetch(capsule)) {
            LOG.debug("looking for files beforehand: {}", running);
            standIns(capsule, server);
        }
    }

    private Prefetch prefetch(Capsule capsule) {
        return hasTree()
                ? trees.prefetch(guest.process().home(), capsule.standIns(), request.getFilesList())
                : Prefetch.none();
    }

    private boolean hasTree() {
        return guest.record().files().isPresent();
    }

    private void standIns(Capsule capsule, CriuServer server) {
        for (Map<String, String> line :
                CapsuleText.lines(capsule.command(FrameType.PREPARE, request.getPrepare()))) {
            if (line.containsKey("stream") && line.containsKey("fd")) {
                fds.put(CapsuleText.number(line, "stream"), CapsuleText.number(line, "fd"));
            }
        }
        if (request.getBirth()) {
            return;
        }
        Capsule.Started started =
                capsule.startCriu(server, config.criu(), "restore", request.getRootPgid());
        synchronized (this) {
            criu = started.connection();
            refuseIfCancelled();
        }
    }

    /** Restores; afterwards the body exists, complete and frozen. */
    RestoreReply restore(io.mig.wire.proto.RestoreRequest order) {
        if (order.hasBirth()) {
            return birth(order);
        }
        long received = awaitImages();
        faults.at(FaultPoint.TARGET_RESTORE);
        refuseFalseIdentities(Set.copyOf(order.getTasksList()));
        if (!order.getLinkState().isEmpty()) {
            guest.capsule().importState(order.getLinkState().asReadOnlyByteBuffer());
        }
        if (request.getHomeTree()) {
            // the very same files, which others at home may have made longer meanwhile
            new ImageDirectory(images).dropRecordedSizes(_ -> true);
        }
        long begin = System.nanoTime();
        RestoreResult result =
                connection()
                        .restore(request(order), new AtPreResume(Set.copyOf(order.getTasksList())));
        LOG.debug("restored: process={} criu={}", guest.process(), result.duration());
        if (!guest.capsule().guests().awaitFrozen(Duration.ofSeconds(5))) {
            throw new RefusedException(
                    ErrorCode.CHECKPOINT_FAILED,
                    "the restored body does not stay frozen: process=" + guest.process());
        }
        tellRestored(order);
        long micros = (System.nanoTime() - begin) / 1000;
        faults.at(FaultPoint.TARGET_RESTORED);
        synchronized (this) {
            refuseIfCancelled();
        }
        Directories.deleteTree(images);
        return RestoreReply.newBuilder()
                .setRestoreMicros(micros)
                .setReceivedBytes(received)
                .build();
    }

    /**
     * The body is made as a process that stands before its execve(2), and frozen there; then it may
     * begin, which it does when it is thawed.
     */
    private RestoreReply birth(io.mig.wire.proto.RestoreRequest order) {
        if (!request.getBirth()) {
            throw new RefusedException(ErrorCode.BAD_REQUEST, "no birth was reserved");
        }
        faults.at(FaultPoint.TARGET_RESTORE);
        byte[] description = BirthText.of(order.getBirth(), vouched, config.guestsOfRoot());
        long begin = System.nanoTime();
        Capsule capsule = guest.capsule();
        capsule.guests().startFreeze();
        int pid = capsule.birth(description);
        if (!capsule.guests().add(pid)
                || !capsule.guests().awaitFrozen(Duration.ofSeconds(5))
                || capsule.standIns().pids().contains(pid)) {
            throw new RefusedException(
                    ErrorCode.REFUSED, "the new body does not stay frozen: pid=" + pid);
        }
        faults.at(FaultPoint.TARGET_PRE_RESUME);
        tellRestored(order);
        long micros = (System.nanoTime() - begin) / 1000;
        faults.at(FaultPoint.TARGET_RESTORED);
        synchronized (this) {
            refuseIfCancelled();
        }
        Directories.deleteTree(images);
        return RestoreReply.newBuilder().setRestoreMicros(micros).build();
    }

    /** It exists, and home has opened what it has open. */
    private void tellRestored(io.mig.wire.proto.RestoreRequest order) {
        if (hasTree()) {
            trees.awaitOpened(
                    guest.process().home(), guest.record().shortName(), config.criuTimeout());
        }
        String pids = String.join(",", order.getLinksList().stream().map(String::valueOf).toList());
        guest.capsule().command(FrameType.RESTORED, "pids=" + pids + "\n");
    }

    /** CRIU, as root, would make real whatever the images claim. */
    private void refuseFalseIdentities(Set<Integer> pids) {
        if (vouched.getAnyIdentity()) {
            return;
        }
        List<String> violations =
                IdentityCheck.violations(
                        new ImageDirectory(images),
                        new IdentityLimits(
                                pids,
                                Set.copyOf(vouched.getUidsList()),
                                Set.copyOf(vouched.getGidsList()),
                                vouched.getCapabilities()));
        if (!violations.isEmpty()) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    "the images claim more than home vouches for: "
                            + String.join("; ", violations));
        }
    }

    private RestoreRequest request(io.mig.wire.proto.RestoreRequest order) {
        RestoreRequest.Builder builder =
                RestoreRequest.of(images)
                        .imagesAsSeenByCriu(guest.capsule().imagesInside(images))
                        .shellJob(request.getShellJob())
                        .rstSibling(true);
        guest.capsule().criuConfig().ifPresent(builder::configFile);
        for (StreamItem stream : order.getStreamsList()) {
            Integer fd = fds.get(stream.getId());
            // the terminal of a member of a session comes from criu's stdin, that of a leader by
            // its key
            boolean fromStdin = stream.getKind().equals("tty") && request.getShellJob();
            if (fd != null && !fromStdin) {
                builder.inheritFd(stream.getCriuKey(), fd);
            }
        }
        return builder.answerTimeout(config.criuTimeout()).build();
    }

    private long awaitImages() {
        try {
            return receiver.complete().get(config.criuTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.TIMEOUT, "interrupted while images arrived");
        } catch (TimeoutException e) {
            throw new RefusedException(
                    ErrorCode.TIMEOUT, "images did not arrive within " + config.criuTimeout());
        } catch (ExecutionException e) {
            throw new RefusedException(
                    ErrorCode.CHECKPOINT_FAILED, "images did not arrive: " + e.getCause());
        }
    }

    private synchronized CriuConnection connection() {
        refuseIfCancelled();
        if (criu == null) {
            throw new RefusedException(ErrorCode.BAD_REQUEST, "nothing was reserved");
        }
        return criu;
    }

    private void refuseIfCancelled() {
        if (cancelled) {
            throw new RefusedException(
                    ErrorCode.STALE, "the move was given up: move=" + guest.move());
        }
    }

    /** Throws away everything, whatever step is running. Repeats are fine. */
    void cancel() {
        CriuConnection running;
        synchronized (this) {
            cancelled = true;
            running = criu;
        }
        trees.notRestored(guest.process().home(), guest.record().shortName());
        guest.capsule().destroy();
        if (running != null) {
            running.close();
        }
        Directories.deleteTree(images);
    }

    /** CRIU's work is done and the body is on its way. */
    void release() {
        synchronized (this) {
            if (criu != null) {
                criu.close();
            }
        }
    }

    /**
     * At pre-resume every restored task is stopped by ptrace at the end of its sigreturn. Moved
     * into a frozen cgroup now, it runs no instruction of its own when CRIU lets go.
     */
    private final class AtPreResume implements CheckpointListener {
        private final Set<Integer> tasks;

        AtPreResume(Set<Integer> tasks) {
            this.tasks = tasks;
        }

        @Override
        public void onNotification(CriuNotification notification) {
            if (!notification.script().equals(CriuNotification.PRE_RESUME)) {
                return;
            }
            Capsule capsule = guest.capsule();
            try {
                freeze(capsule);
            } catch (RuntimeException e) {
                // whatever we answer, CRIU lets them run after this: they must be gone before
                capsule.kill();
                throw e;
            }
        }

        private void freeze(Capsule capsule) {
            faults.at(FaultPoint.TARGET_PRE_RESUME);
            capsule.guests().startFreeze();
            List<Integer> moved = new ArrayList<>();
            for (int pid : capsule.standIns().pids()) {
                if (tasks.contains(InnerIds.ofProcess(pid)) && capsule.guests().add(pid)) {
                    moved.add(pid);
                }
            }
            LOG.debug("body is in its frozen cgroup: process={} pids={}", guest.process(), moved);
            for (int pid : capsule.standIns().pids()) {
                if (tasks.contains(InnerIds.ofProcess(pid))) {
                    throw new IllegalStateException("restored task stays outside: pid=" + pid);
                }
            }
            if (moved.isEmpty()) {
                throw new IllegalStateException("no restored task found in " + capsule.standIns());
            }
        }
    }
}
