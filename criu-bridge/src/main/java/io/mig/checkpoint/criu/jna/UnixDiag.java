package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Who is connected with whom among unix sockets: the one thing {@code /proc/net/unix} leaves out. A
 * dump by sock_diag(7) of one network namespace.
 */
public final class UnixDiag {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");
    private static final long SYS_SETNS = ARM ? 268 : 308;
    private static final long SYS_PIDFD_OPEN = 434;
    private static final int CLONE_NEWNET = 0x40000000;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    private static final int NETLINK_SOCK_DIAG = 4;
    private static final short SOCK_DIAG_BY_FAMILY = 20;
    private static final short NLM_F_REQUEST_DUMP = 0x301;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int UDIAG_SHOW_PEER = 4;
    private static final int UNIX_DIAG_PEER = 2;
    private static final int NLMSG_HEADER = 16;
    private static final int DIAG_HEADER = 16;
    private static final int BUFFER = 1 << 16;
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private UnixDiag() {}

    /** Inode of each connected socket of this thread's network namespace, to its peer's inode. */
    public static Map<Long, Long> peers() throws ErrnoException {
        int fd = LibC.C.socket(AF_NETLINK, SOCK_RAW | LibC.SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        if (fd < 0) {
            throw new ErrnoException(
                    "socket family=netlink protocol=sock_diag", Native.getLastError());
        }
        try (Descriptor socket = new Descriptor(fd, "sock_diag")) {
            return socket.use(UnixDiag::dump);
        }
    }

    /**
     * The same in the network namespace of process {@code pid}. A thread of its own enters that
     * namespace and ends with it: no other thread ever sees it.
     */
    public static Map<Long, Long> peers(int pid) throws ErrnoException {
        FutureTask<Map<Long, Long>> visit =
                new FutureTask<>(
                        () -> {
                            enterNetwork(pid);
                            return peers();
                        });
        Thread.ofPlatform().name("netns-visitor").start(visit);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return visit.get();
                } catch (InterruptedException e) {
                    // The visitor ends by itself within its patience.
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ErrnoException errno) {
                throw errno;
            }
            throw new IllegalStateException(
                    "dump of unix sockets failed, pid=" + pid, e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void enterNetwork(int pid) throws ErrnoException {
        int pidfd = LibC.C.syscall(new NativeLong(SYS_PIDFD_OPEN), (long) pid, 0L).intValue();
        if (pidfd < 0) {
            throw new ErrnoException("pidfd_open pid=" + pid, Native.getLastError());
        }
        try {
            long result =
                    LibC.C.syscall(new NativeLong(SYS_SETNS), (long) pidfd, (long) CLONE_NEWNET)
                            .longValue();
            if (result < 0) {
                throw new ErrnoException("setns kind=network pid=" + pid, Native.getLastError());
            }
        } finally {
            LibC.C.close(pidfd);
        }
    }

    private static Map<Long, Long> dump(int fd) throws ErrnoException {
        byte[] request = request();
        if (LibC.C.send(fd, request, new NativeLong(request.length), 0).longValue() < 0) {
            throw new ErrnoException("send sock_diag request", Native.getLastError());
        }
        Map<Long, Long> peers = new HashMap<>();
        try (Memory buffer = new Memory(BUFFER)) {
            while (true) {
                if (Descriptor.poll(fd, LibC.POLLIN, PATIENCE) == 0) {
                    throw new ErrnoException("wait for sock_diag answer", Errno.EAGAIN);
                }
                int length =
                        LibC.C.recv(fd, buffer, new NativeLong(BUFFER), LibC.MSG_DONTWAIT)
                                .intValue();
                if (length < 0) {
                    throw new ErrnoException("recv sock_diag answer", Native.getLastError());
                }
                if (length == 0 || take(buffer.getByteBuffer(0, length), peers)) {
                    return peers;
                }
            }
        }
    }

    private static byte[] request() {
        ByteBuffer request = ByteBuffer.allocate(NLMSG_HEADER + 24).order(ByteOrder.nativeOrder());
        request.putInt(request.capacity());
        request.putShort(SOCK_DIAG_BY_FAMILY);
        request.putShort(NLM_F_REQUEST_DUMP);
        request.putInt(1).putInt(0);
        // struct unix_diag_req: family, protocol, padding, states, inode, what to show, cookie
        request.put((byte) LibC.AF_UNIX).put((byte) 0).putShort((short) 0);
        request.putInt(-1).putInt(0).putInt(UDIAG_SHOW_PEER).putInt(-1).putInt(-1);
        return request.array();
    }

    /**
     * Takes the messages of one datagram.
     *
     * @return whether the dump is complete
     */
    static boolean take(ByteBuffer datagram, Map<Long, Long> peers) throws ErrnoException {
        ByteBuffer in = datagram.order(ByteOrder.nativeOrder());
        int at = 0;
        while (at + NLMSG_HEADER <= in.limit()) {
            int length = in.getInt(at);
            int type = in.getShort(at + 4);
            if (length < NLMSG_HEADER || length > in.limit() - at) {
                return true;
            }
            if (type == NLMSG_DONE) {
                return true;
            }
            if (type == NLMSG_ERROR) {
                int errno = length >= NLMSG_HEADER + 4 ? -in.getInt(at + NLMSG_HEADER) : 0;
                throw new ErrnoException("sock_diag dump of unix sockets", errno);
            }
            if (length >= NLMSG_HEADER + DIAG_HEADER) {
                long ino = in.getInt(at + NLMSG_HEADER + 4) & 0xffffffffL;
                long peer = peer(in, at + NLMSG_HEADER + DIAG_HEADER, at + length);
                if (peer != 0) {
                    peers.put(ino, peer);
                }
            }
            at += (length + 3) & ~3;
        }
        return false;
    }

    private static long peer(ByteBuffer in, int from, int end) {
        int at = from;
        while (at + 4 <= end) {
            int length = in.getShort(at) & 0xffff;
            if (length < 4 || at + length > end) {
                return 0;
            }
            if ((in.getShort(at + 2) & 0x3fff) == UNIX_DIAG_PEER && length >= 8) {
                return in.getInt(at + 4) & 0xffffffffL;
            }
            at += (length + 3) & ~3;
        }
        return 0;
    }
}
