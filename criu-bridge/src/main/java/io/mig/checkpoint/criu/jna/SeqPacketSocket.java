package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.time.Duration;
import java.util.Optional;

/**
 * One end of a connected AF_UNIX SOCK_SEQPACKET socket: whole packets, in order (unix(7)).
 *
 * <p>Calls block the calling platform thread inside the kernel for at most the given time; do not
 * call them on virtual threads, which they would pin. One thread sends, one receives; {@link
 * #close()} may come from any thread and wakes both.
 */
public final class SeqPacketSocket implements AutoCloseable {
    /** Largest packet we accept; CRIU's own answers are below 10 KiB. */
    public static final int MAX_PACKET = 256 * 1024;

    private final Descriptor descriptor;
    private final PeerCredentials peer;
    private final boolean held;

    SeqPacketSocket(Descriptor descriptor, PeerCredentials peer) {
        this(descriptor, peer, false);
    }

    private SeqPacketSocket(Descriptor descriptor, PeerCredentials peer, boolean held) {
        this.descriptor = descriptor;
        this.peer = peer;
        this.held = held;
    }

    /**
     * An end that the peer keeps open too: when we close it, or die, the peer sees nothing and
     * waits on. Who closes it in the middle of a conversation must end the peer by other means.
     */
    static SeqPacketSocket held(Descriptor descriptor, PeerCredentials peer) {
        return new SeqPacketSocket(descriptor, peer, true);
    }

    /** Who connected, taken by the kernel at connect time; the pid is in our own pid namespace. */
    public PeerCredentials peer() {
        return peer;
    }

    /**
     * Sends one packet, or fails; a peer that does not read for {@code timeout} counts as failure
     * (EAGAIN).
     */
    public void send(byte[] packet, Duration timeout) throws ErrnoException {
        descriptor.use(
                fd -> {
                    long deadline = System.nanoTime() + timeout.toNanos();
                    while (true) {
                        NativeLong sent =
                                LibC.C.send(
                                        fd,
                                        packet,
                                        new NativeLong(packet.length),
                                        LibC.MSG_NOSIGNAL | LibC.MSG_DONTWAIT);
                        if (sent.longValue() == packet.length) {
                            return true;
                        }
                        int errno = Native.getLastError();
                        if (errno != Errno.EAGAIN && errno != Errno.EINTR) {
                            throw new ErrnoException(
                                    "send to pid=" + peer.pid() + " bytes=" + packet.length, errno);
                        }
                        Duration left = Duration.ofNanos(deadline - System.nanoTime());
                        if (left.isNegative() || Descriptor.poll(fd, LibC.POLLOUT, left) == 0) {
                            throw new ErrnoException(
                                    "send to pid=" + peer.pid() + " within " + timeout,
                                    Errno.EAGAIN);
                        }
                    }
                });
    }

    /**
     * Receives one packet.
     *
     * @return the packet; an empty array when the peer closed its end; empty when nothing came
     *     within {@code timeout}
     */
    public Optional<byte[]> receive(Duration timeout) throws ErrnoException {
        return descriptor.use(
                fd -> {
                    if (Descriptor.poll(fd, LibC.POLLIN, timeout) == 0) {
                        return Optional.empty();
                    }
                    try (Memory buffer = new Memory(MAX_PACKET)) {
                        // MSG_TRUNC makes the call return the real length, so an oversized packet
                        // is noticed, not cut.
                        NativeLong got =
                                LibC.C.recv(
                                        fd,
                                        buffer,
                                        new NativeLong(MAX_PACKET),
                                        LibC.MSG_TRUNC | LibC.MSG_DONTWAIT);
                        long length = got.longValue();
                        if (length < 0) {
                            int errno = Native.getLastError();
                            if (errno == Errno.ECONNRESET) {
                                return Optional.of(new byte[0]);
                            }
                            throw new ErrnoException("receive from pid=" + peer.pid(), errno);
                        }
                        if (length > MAX_PACKET) {
                            throw new ErrnoException(
                                    "receive from pid="
                                            + peer.pid()
                                            + " packet of "
                                            + length
                                            + " bytes",
                                    Errno.EMSGSIZE);
                        }
                        return Optional.of(buffer.getByteArray(0, (int) length));
                    }
                });
    }

    /**
     * Ends the conversation: both sides see end of file from now on, threads inside a call return.
     */
    @Override
    public void close() {
        if (descriptor.isClosed()) {
            return;
        }
        try {
            if (!held) {
                descriptor.use(fd -> LibC.C.shutdown(fd, LibC.SHUT_RDWR));
            }
        } catch (ErrnoException alreadyClosed) {
            return;
        }
        descriptor.close();
    }
}
