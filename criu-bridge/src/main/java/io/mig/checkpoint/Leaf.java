package io.mig.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One cgroup v2 directory whose processes are frozen and thawed together
 * (Documentation/admin-guide/cgroup-v2.rst, "Core Interface Files"). Frozen processes use no CPU,
 * keep their state and can be killed; nobody outside is told.
 *
 * <p>Thread-safe in the sense of the kernel: every call is one file operation. Losing the object
 * loses nothing, the directory is the state.
 */
public final class Leaf {
    private static final String NOTE = "mig.note";
    private static final int MAX_NOTE_BYTES = 60_000;

    private final Path directory;

    Leaf(Path directory) {
        this.directory = directory;
    }

    public Path directory() {
        return directory;
    }

    public String name() {
        return directory.getFileName().toString();
    }

    /**
     * Moves a whole process, all its threads, in here. False when it is gone. A zombie is accepted
     * but does not move.
     */
    public boolean add(int pid) {
        return moveTo(directory, pid);
    }

    /** Moves a process into any cgroup; false when it is gone. */
    static boolean moveTo(Path cgroup, int pid) {
        try {
            write(cgroup.resolve("cgroup.procs"), Integer.toString(pid));
            return true;
        } catch (IOException failed) {
            if (isGone(failed, pid)) {
                return false;
            }
            throw CheckpointException.failed(
                            Phase.FREEZE,
                            "cannot move process to cgroup: pid="
                                    + pid
                                    + " cgroup="
                                    + cgroup
                                    + " "
                                    + failed,
                            0)
                    .causedBy(failed);
        }
    }

    private static boolean isGone(IOException failed, int pid) {
        String message = String.valueOf(failed.getMessage());
        return message.contains("No such process")
                || !Files.exists(Path.of("/proc", Integer.toString(pid)));
    }

    /** Asks the kernel to freeze what is in here and what comes in, without waiting. */
    public void startFreeze() {
        control("cgroup.freeze", "1", Phase.FREEZE);
    }

    /**
     * Freezes and waits until the kernel says so; on timeout it stays half frozen and the caller
     * thaws.
     */
    public void freeze(Duration timeout) {
        startFreeze();
        if (!awaitFrozen(timeout)) {
            throw CheckpointException.failed(
                    Phase.FREEZE,
                    "not frozen in time: cgroup="
                            + directory
                            + " timeout="
                            + timeout
                            + " "
                            + Stragglers.describe(pids()),
                    0);
        }
    }

    /** Waits for "frozen 1"; false when {@code timeout} passed. */
    public boolean awaitFrozen(Duration timeout) {
        Backoff backoff = new Backoff(timeout);
        while (!isFrozen()) {
            if (!backoff.pause()) {
                return isFrozen();
            }
        }
        return true;
    }

    /** Lets everything in here run again. Nothing to do when the leaf is gone. */
    public void thaw() {
        if (exists()) {
            control("cgroup.freeze", "0", Phase.THAW);
        }
    }

    /** True when all processes in here have stopped. */
    public boolean isFrozen() {
        return events("frozen");
    }

    /** True when a process, also a zombie with living threads, is in here. */
    public boolean isPopulated() {
        return events("populated");
    }

    private boolean events(String key) {
        try {
            for (String line : Files.readAllLines(directory.resolve("cgroup.events"))) {
                if (line.equals(key + " 1")) {
                    return true;
                }
            }
            return false;
        } catch (NoSuchFileException gone) {
            return false;
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.FREEZE,
                            "cannot read cgroup events: cgroup=" + directory + " " + failed,
                            0)
                    .causedBy(failed);
        }
    }

    /** The processes in here now, in no order. */
    public List<Integer> pids() {
        try {
            List<Integer> pids = new ArrayList<>();
            for (String line : Files.readAllLines(directory.resolve("cgroup.procs"))) {
                int pid = Integer.parseInt(line);
                // 0 stands for a process outside our pid namespace; we cannot name it.
                if (pid > 0) {
                    pids.add(pid);
                }
            }
            return pids;
        } catch (NoSuchFileException gone) {
            return List.of();
        } catch (IOException | NumberFormatException failed) {
            throw CheckpointException.failed(
                            Phase.FREEZE,
                            "cannot list processes: cgroup=" + directory + " " + failed,
                            0)
                    .causedBy(failed);
        }
    }

    /** Kills everything in here at once, also frozen processes (cgroup.kill, Linux 5.14). */
    public void kill() {
        if (exists()) {
            control("cgroup.kill", "1", Phase.FREEZE);
        }
    }

    /** Removes the directory, waiting for processes that are about to end. */
    public void remove(Duration timeout) {
        Backoff backoff = new Backoff(timeout);
        while (true) {
            try {
                Files.deleteIfExists(directory);
                return;
            } catch (DirectoryNotEmptyException busy) {
                // not a cgroup error; falls through to waiting
            } catch (IOException busy) {
                if (!exists()) {
                    return;
                }
            }
            if (!backoff.pause()) {
                throw CheckpointException.failed(
                        Phase.THAW,
                        "cgroup does not become empty: cgroup=" + directory + " pids=" + pids(),
                        16);
            }
        }
    }

    public boolean exists() {
        return Files.isDirectory(directory);
    }

    /**
     * Keeps a text with the cgroup itself (a user xattr), so that it outlives us. False when the
     * kernel cannot.
     */
    boolean keepNote(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(directory, UserDefinedFileAttributeView.class);
        if (view == null || bytes.length > MAX_NOTE_BYTES) {
            return false;
        }
        try {
            view.write(NOTE, ByteBuffer.wrap(bytes));
            return true;
        } catch (IOException unsupported) {
            return false;
        }
    }

    Optional<String> note() {
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(directory, UserDefinedFileAttributeView.class);
        if (view == null) {
            return Optional.empty();
        }
        try {
            int size = view.size(NOTE);
            ByteBuffer bytes = ByteBuffer.allocate(Math.min(size, MAX_NOTE_BYTES));
            view.read(NOTE, bytes);
            return Optional.of(
                    new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8));
        } catch (IOException none) {
            return Optional.empty();
        }
    }

    private void control(String file, String value, Phase phase) {
        try {
            write(directory.resolve(file), value);
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            phase,
                            "cannot write "
                                    + file
                                    + "="
                                    + value
                                    + " cgroup="
                                    + directory
                                    + ": "
                                    + failed,
                            0)
                    .causedBy(failed);
        }
    }

    private static void write(Path file, String value) throws IOException {
        // One write(2), no truncation and no creation: these are not files.
        Files.write(file, value.getBytes(StandardCharsets.US_ASCII), StandardOpenOption.WRITE);
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
