package io.mig.files.client;

import java.util.List;
import java.util.Map;

/**
 * What went through a mounted tree.
 *
 * @param total since it was mounted
 * @param callers by thread and user; pid 0 is the kernel's own read-ahead and write-back
 * @param kinds what the kernel asked for, how often: {@code lookup}, {@code read}, ...
 * @param inodes that the kernel knows, each costs the agent about 250 bytes
 * @param openFiles open handles at home
 * @param outstanding requests that home has not answered
 * @param away whether home does not answer now: operations wait
 */
public record TreeStats(
        Io total,
        List<CallerIo> callers,
        Map<String, Long> kinds,
        int inodes,
        int openFiles,
        int outstanding,
        boolean away) {
    /** Requests that reached us (what the kernel had cached is not seen), and bytes of data. */
    public record Io(long operations, long bytesRead, long bytesWritten) {}

    public record CallerIo(int pid, int uid, Io io) {}
}
