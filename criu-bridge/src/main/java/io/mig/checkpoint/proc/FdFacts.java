package io.mig.checkpoint.proc;

import java.util.Optional;

/**
 * One open descriptor of a process.
 *
 * @param target text of the link, e.g. {@code /tmp/x}, {@code pipe:[1234]}, {@code
 *     anon_inode:[eventfd]}; without the kernel's " (deleted)"
 * @param deleted the name that it was opened by no longer leads to it
 * @param socket details of a socket, where found
 */
public record FdFacts(
        int number,
        String target,
        FdKind kind,
        FileStat stat,
        FdInfo info,
        boolean deleted,
        Optional<SocketFacts> socket) {
    public static final int O_APPEND = 02000;
    public static final int O_NONBLOCK = 04000;
    public static final int O_CLOEXEC = 02000000;

    /** Packet mode of a pipe (x86 and most others). */
    public static final int O_DIRECT = 040000;

    public AccessMode access() {
        return AccessMode.of(info.flags());
    }

    public boolean has(int openFlag) {
        return (info.flags() & openFlag) != 0;
    }

    public FdFacts withSocket(Optional<SocketFacts> details) {
        return new FdFacts(number, target, kind, stat, info, deleted, details);
    }
}
