package io.mig.home;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.util.Optional;

/**
 * {@code /proc/PID/stat} of one process, kept open. Opened, it stays bound to that very process,
 * whatever becomes of its number: once the process has been reaped, reading fails
 * (proc_pid_stat(5)). So it is a handle like a pidfd which also tells the state. Not thread-safe.
 */
final class ProcStatFile implements AutoCloseable {
    private static final int STATE_FIELD = 3;
    private static final int START_FIELD = 22;

    /** State letter and start time. */
    record Line(char state, long startTicks) {
        boolean dead() {
            return state == 'Z' || state == 'X' || state == 'x';
        }
    }

    private final RandomAccessFile file;
    private final byte[] buffer = new byte[1024];

    private ProcStatFile(RandomAccessFile file) {
        this.file = file;
    }

    /** Empty when there is no such process, or one that began at another time. */
    static Optional<ProcStatFile> open(int pid, long startTicks) {
        ProcStatFile opened;
        try {
            opened = new ProcStatFile(new RandomAccessFile("/proc/" + pid + "/stat", "r"));
        } catch (IOException e) {
            return Optional.empty();
        }
        if (opened.read().filter(line -> line.startTicks() == startTicks).isPresent()) {
            return Optional.of(opened);
        }
        opened.close();
        return Optional.empty();
    }

    /** Start time of the process that has this pid now. */
    static Optional<Long> startTicks(int pid) {
        try (ProcStatFile opened =
                new ProcStatFile(new RandomAccessFile("/proc/" + pid + "/stat", "r"))) {
            return opened.read().map(Line::startTicks);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Empty when the process has been reaped. */
    Optional<Line> read() {
        try {
            file.seek(0);
            int length = file.read(buffer, 0, buffer.length);
            return length <= 0 ? Optional.empty() : parse(buffer, length);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * The name in parentheses may hold anything, so the fields are counted from the last one that
     * closes.
     */
    static Optional<Line> parse(byte[] text, int length) {
        int at = length - 1;
        while (at >= 0 && text[at] != ')') {
            at--;
        }
        if (at < 0 || at + 2 >= length) {
            return Optional.empty();
        }
        char state = (char) text[at + 2];
        int field = STATE_FIELD - 1;
        long start = 0;
        for (int i = at + 1; i < length && field <= START_FIELD; i++) {
            if (text[i] == ' ') {
                field++;
            } else if (field == START_FIELD && text[i] >= '0' && text[i] <= '9') {
                start = start * 10 + (text[i] - '0');
            }
        }
        return field < START_FIELD ? Optional.empty() : Optional.of(new Line(state, start));
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // close(2) of a file in /proc cannot fail
        }
    }
}
