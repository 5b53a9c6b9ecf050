package io.mig.checkpoint.criu;

import io.mig.checkpoint.PidFd;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process at the other end, and how to part from it.
 *
 * <p>A criu that is killed while it holds a tree by ptrace leaves its code and registers inside the
 * processes: in a trial with 19 kills in that window, 6 trees died. So a criu at work is never
 * killed to be rid of it; when its socket closes, it puts everything back by itself and leaves.
 */
final class CriuProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CriuProcess.class);
    private static final int SIGKILL = 9;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    private static final Duration KILL_WAIT = Duration.ofSeconds(2);

    /** How it ended between us. */
    enum Parting {
        GONE("it is gone"),
        KILLED("it was killed; it held no process"),
        STILL_HOLDING(
                "it still holds processes by ptrace and was left alone, because killing it now may"
                        + " destroy them; it lets go when it is done");

        private final String text;

        Parting(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    private final int pid;
    private final Optional<PidFd> handle;
    private final Optional<ProcessHandle> identity;

    CriuProcess(int pid) {
        this.pid = pid;
        this.handle = PidFd.open(pid);
        this.identity = ProcessHandle.of(pid);
    }

    /** Also true after {@link #close}, as far as /proc tells. */
    boolean hasExited() {
        return identity.isEmpty() || !identity.get().isAlive();
    }

    boolean awaitExit(Duration timeout) {
        return handle.isEmpty() || handle.get().awaitExit(timeout);
    }

    /**
     * Makes it the last one the kernel kills when memory runs out. Needs CAP_SYS_RESOURCE, without
     * which things stay as they are.
     */
    void protectFromMemoryPressure() {
        try {
            Files.writeString(
                    Path.of("/proc", Integer.toString(pid), "oom_score_adj"),
                    "-1000",
                    StandardOpenOption.WRITE);
        } catch (IOException notAllowed) {
            log.debug("criu keeps its oom score, pid={} reason={}", pid, notAllowed.toString());
        }
    }

    /**
     * To be called when the conversation is closed: waits until it has left by itself; one that
     * does not, and holds nobody, is killed.
     */
    Parting partAfter(Duration grace) {
        if (awaitExit(grace)) {
            return Parting.GONE;
        }
        // Stopped, so that what we see next stays true until the decision.
        signal(SIGSTOP);
        if (tracesAnybody()) {
            signal(SIGCONT);
            log.error("criu does not end and still holds processes, pid={}", pid);
            return Parting.STILL_HOLDING;
        }
        kill();
        return Parting.KILLED;
    }

    /** Kills it, whatever it does. True when it is certainly gone. */
    boolean kill() {
        signal(SIGKILL);
        boolean gone = awaitExit(KILL_WAIT);
        if (!gone) {
            log.warn("criu does not end although it was killed, pid={}", pid);
        }
        return gone;
    }

    private void signal(int signal) {
        handle.ifPresent(process -> process.sendSignal(signal));
    }

    private boolean tracesAnybody() {
        String ours = "TracerPid:\t" + pid + "\n";
        try (DirectoryStream<Path> processes =
                Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (readQuietly(process.resolve("status")).contains(ours)) {
                    return true;
                }
            }
            return false;
        } catch (IOException | DirectoryIteratorException unknown) {
            // Who cannot look must assume the worse.
            return true;
        }
    }

    private static String readQuietly(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException gone) {
            return "";
        }
    }

    @Override
    public void close() {
        handle.ifPresent(PidFd::close);
    }
}
