package io.mig.checkpoint.criu;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.Checkpointer;
import io.mig.checkpoint.CriuFeatures;
import io.mig.checkpoint.CriuOptions;
import io.mig.checkpoint.CriuVersion;
import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.DumpResult;
import io.mig.checkpoint.ImagesLocation;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.RestoreResult;
import io.mig.checkpoint.criu.jna.SeqPacketSocket;
import io.mig.checkpoint.criu.proto.CriuRpc;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One {@code criu swrk} process at the other end of a socket. Answers any number of questions and
 * then does one dump or one restore; after that it ends by itself.
 *
 * <p>The conversation and the listeners run on one platform thread of this object, so callers may
 * be virtual threads (poll(2) would pin them). One call at a time; {@link #close()} and {@link
 * #kill()} may come from any thread.
 *
 * <p>When CRIU is silent for longer than allowed, the conversation is closed, which makes a living
 * CRIU undo its work; only one that holds no process is killed. The exception says which. The tree
 * may be thawed afterwards and must be put back by the caller; a half restored one is the business
 * of whoever owns its namespaces.
 */
public final class CriuConnection implements Checkpointer {
    private static final Logger log = LoggerFactory.getLogger(CriuConnection.class);
    private static final Duration QUERY_TIMEOUT = Duration.ofSeconds(10);

    /** How long a criu whose socket was closed may take to put things back and leave. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private static final Duration PART_LIMIT = Duration.ofSeconds(8);

    private enum State {
        IDLE,
        BUSY,
        SPENT,
        CLOSED
    }

    private final SeqPacketSocket socket;
    private final String name;
    private final CriuProcess process;
    private final ExecutorService worker;
    private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

    CriuConnection(SeqPacketSocket socket, String name) {
        this.socket = socket;
        this.name = name;
        this.process = new CriuProcess(socket.peer().pid());
        this.worker =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("criu-" + name).factory());
    }

    /** The criu process, in our own pid namespace. */
    public int pid() {
        return socket.peer().pid();
    }

    /** Which release this is. */
    public CriuVersion version() {
        CriuRpc.Response answer =
                query(
                        Phase.QUERY,
                        "version",
                        CriuMessages.version(),
                        QUERY_TIMEOUT,
                        Optional.empty());
        CriuRpc.Version version = answer.getVersion();
        return new CriuVersion(
                version.getMajorNumber(), version.getMinorNumber(), version.getSublevel());
    }

    /**
     * What this kernel offers. The first call on a machine takes CRIU about 50 ms; it keeps the
     * result in /run.
     */
    public CriuFeatures features() {
        CriuRpc.Features found =
                query(
                                Phase.QUERY,
                                "feature check",
                                CriuMessages.features(),
                                QUERY_TIMEOUT,
                                Optional.empty())
                        .getFeatures();
        return new CriuFeatures(found.getMemTrack(), found.getLazyPages(), found.getPidfdStore());
    }

    /** Refuses, with a message for the reader, when the release is too old for what mig does. */
    public void requireSupported() {
        CriuVersion version = version();
        if (version.compareTo(CriuVersion.MINIMUM) < 0) {
            throw CheckpointException.failed(
                    Phase.QUERY,
                    "CRIU is too old: found="
                            + version
                            + " required="
                            + CriuVersion.MINIMUM
                            + " or newer; install a newer criu (mig doctor tells how)",
                    0);
        }
    }

    /** Writes this machine's CPU description into {@code directory} (cpuinfo.img). */
    public void cpuInfoDump(Path directory) {
        cpuInfo(CriuMessages.CPUINFO_DUMP, "cpuinfo dump", directory, "cpuinfo-dump.log");
    }

    /**
     * Checks that this machine's CPU can run what was dumped where {@code directory}/cpuinfo.img
     * comes from.
     */
    public void cpuInfoCheck(Path directory) {
        cpuInfo(CriuMessages.CPUINFO_CHECK, "cpuinfo check", directory, "cpuinfo-check.log");
    }

    private void cpuInfo(int type, String what, Path directory, String logFile) {
        ImagesLocation images = ImagesLocation.same(directory);
        query(
                Phase.QUERY,
                what + " images=" + directory,
                CriuMessages.cpuInfo(type, images, CriuOptions.defaults(logFile)),
                QUERY_TIMEOUT,
                Optional.of(images.local().resolve(logFile)));
    }

    private CriuRpc.Response query(
            Phase phase,
            String what,
            CriuRpc.Request request,
            Duration timeout,
            Optional<Path> logFile) {
        return run(
                State.IDLE,
                phase,
                () ->
                        new Conversation(
                                        socket,
                                        phase,
                                        what,
                                        timeout,
                                        CheckpointListener.NONE,
                                        logFile)
                                .run(request));
    }

    @Override
    public DumpResult dump(DumpRequest request, CheckpointListener listener) {
        String what = "pid=" + request.pid() + " images=" + request.images().seenByCriu();
        return run(
                State.SPENT,
                Phase.DUMP,
                () -> {
                    process.protectFromMemoryPressure();
                    long start = System.nanoTime();
                    converse(
                            Phase.DUMP,
                            what,
                            CriuMessages.dump(request),
                            request.images(),
                            request.options(),
                            listener);
                    Duration duration = Duration.ofNanos(System.nanoTime() - start);
                    return new DumpResult(duration, StatsFile.dump(request.images().local()));
                });
    }

    @Override
    public RestoreResult restore(RestoreRequest request, CheckpointListener listener) {
        String what = "images=" + request.images().seenByCriu();
        return run(
                State.SPENT,
                Phase.RESTORE,
                () -> {
                    long start = System.nanoTime();
                    CriuRpc.Response answer =
                            converse(
                                    Phase.RESTORE,
                                    what,
                                    CriuMessages.restore(request),
                                    request.images(),
                                    request.options(),
                                    listener);
                    return new RestoreResult(
                            answer.getRestore().getPid(),
                            Duration.ofNanos(System.nanoTime() - start));
                });
    }

    private CriuRpc.Response converse(
            Phase phase,
            String what,
            CriuRpc.Request request,
            ImagesLocation images,
            CriuOptions options,
            CheckpointListener listener) {
        Path logFile = images.local().resolve(options.logFile());
        return new Conversation(
                        socket,
                        phase,
                        what,
                        options.answerTimeout(),
                        listener,
                        Optional.of(logFile))
                .run(request);
    }

    private <T> T run(State afterwards, Phase phase, Callable<T> work) {
        if (!state.compareAndSet(State.IDLE, State.BUSY)) {
            throw CheckpointException.failed(
                    phase,
                    "criu process pid="
                            + pid()
                            + " cannot take this request: it is "
                            + state.get()
                            + " (one dump or restore each, one call at a time)",
                    0);
        }
        try {
            Future<T> result = worker.submit(work);
            T value = result.get();
            state.compareAndSet(State.BUSY, afterwards);
            return value;
        } catch (RejectedExecutionException closed) {
            throw CheckpointException.failed(phase, "criu connection " + name + " is closed", 0);
        } catch (InterruptedException interrupted) {
            String ending = part().text();
            Thread.currentThread().interrupt();
            throw CheckpointException.unknown(
                    phase,
                    "interrupted while criu pid=" + pid() + " was at work; " + ending,
                    List.of());
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            throw afterFailure(phase, cause == null ? failed : cause);
        } finally {
            if (state.get() == State.CLOSED) {
                release();
            }
        }
    }

    private RuntimeException afterFailure(Phase phase, Throwable cause) {
        if (cause instanceof CheckpointException known
                && known.outcome() == CheckpointException.Outcome.FAILED) {
            state.compareAndSet(State.BUSY, State.SPENT);
            return known;
        }
        // No answer: say what became of the criu that may still be at work somewhere.
        String ending = part().text();
        if (cause instanceof CheckpointException silent) {
            return silent.withNote(ending);
        }
        return CheckpointException.unknown(
                        phase,
                        "conversation with criu pid=" + pid() + " broke: " + cause + "; " + ending,
                        List.of())
                .causedBy(cause);
    }

    /** Closes the conversation, which makes CRIU undo what it did, and waits for it to leave. */
    private CriuProcess.Parting part() {
        state.set(State.CLOSED);
        socket.close();
        try {
            // On the worker: waiting for a pidfd would pin the carrier of a virtual thread.
            return worker.submit(() -> process.partAfter(GRACE))
                    .get(PART_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return CriuProcess.Parting.STILL_HOLDING;
        } catch (ExecutionException | TimeoutException | RejectedExecutionException failed) {
            log.warn("cannot tell what became of criu, name={} pid={}", name, pid(), failed);
            return CriuProcess.Parting.STILL_HOLDING;
        }
    }

    /**
     * Ends the criu process at once (SIGKILL) and waits shortly until it is gone. Only for what may
     * be destroyed: a criu that is killed in the middle of a dump takes the dumped processes with
     * it one time in three.
     *
     * @return true when it is certainly gone
     */
    public boolean kill() {
        State before = state.getAndSet(State.CLOSED);
        boolean gone = before == State.CLOSED ? process.hasExited() : process.kill();
        socket.close();
        if (before != State.BUSY && before != State.CLOSED) {
            release();
        }
        return gone;
    }

    /** True when the criu process has ended and was waited for by its parent. */
    public boolean hasExited() {
        return process.hasExited();
    }

    /** Waits for the criu process to end by itself, as it does after a dump or restore. */
    public boolean awaitExit(Duration timeout) {
        return process.awaitExit(timeout);
    }

    /**
     * Ends the conversation. An idle or finished criu leaves by itself; one at work undoes what it
     * did and leaves, and the call that waits for it fails with an unknown outcome.
     */
    @Override
    public void close() {
        State before = state.getAndSet(State.CLOSED);
        if (before == State.BUSY) {
            socket.close();
        } else if (before != State.CLOSED) {
            release();
        }
    }

    private void release() {
        socket.close();
        worker.shutdown();
        process.close();
    }

    @Override
    public String toString() {
        return "criu " + name + " pid=" + pid();
    }
}
