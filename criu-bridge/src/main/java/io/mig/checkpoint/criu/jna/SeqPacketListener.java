package io.mig.checkpoint.criu.jna;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;

/**
 * A listening AF_UNIX SOCK_SEQPACKET socket in the file system, mode 0600. A stale file of a dead
 * listener is replaced; the caller makes sure that there is one listener per path.
 */
public final class SeqPacketListener implements AutoCloseable {
    /** sizeof(sun_path) in unix(7), with the ending zero. */
    private static final int SUN_PATH = 108;

    private final Path path;
    private final Descriptor descriptor;

    private SeqPacketListener(Path path, Descriptor descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    /** Binds and listens. */
    public static SeqPacketListener open(Path path, int backlog) throws IOException {
        byte[] name = path.toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= SUN_PATH) {
            throw new IOException(
                    "socket path is too long for a unix socket: path="
                            + path
                            + " bytes="
                            + name.length
                            + " limit="
                            + (SUN_PATH - 1)
                            + "; choose a shorter run directory");
        }
        int fd =
                LibC.C.socket(
                        LibC.AF_UNIX,
                        LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK,
                        0);
        if (fd < 0) {
            throw new ErrnoException("socket(AF_UNIX, SOCK_SEQPACKET)", Native.getLastError());
        }
        Descriptor descriptor = new Descriptor(fd, path.toString());
        try (Memory address = new Memory(2 + SUN_PATH)) {
            Files.deleteIfExists(path);
            address.clear();
            address.setShort(0, (short) LibC.AF_UNIX);
            address.write(2, name, 0, name.length);
            if (LibC.C.bind(fd, address, 2 + name.length + 1) < 0) {
                throw new ErrnoException("bind " + path, Native.getLastError());
            }
            // Nobody can connect before listen(), so there is no moment with wider permissions.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            if (LibC.C.listen(fd, backlog) < 0) {
                throw new ErrnoException("listen " + path, Native.getLastError());
            }
            return new SeqPacketListener(path, descriptor);
        } catch (IOException | RuntimeException failed) {
            descriptor.close();
            throw failed;
        }
    }

    /** The next connection; empty when none came within {@code timeout}. */
    public Optional<SeqPacketSocket> accept(Duration timeout) throws ErrnoException {
        return descriptor.use(
                fd -> {
                    if (Descriptor.poll(fd, LibC.POLLIN, timeout) == 0) {
                        return Optional.empty();
                    }
                    int accepted = LibC.C.accept4(fd, null, null, LibC.SOCK_CLOEXEC);
                    if (accepted < 0) {
                        int errno = Native.getLastError();
                        if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
                            return Optional.empty();
                        }
                        throw new ErrnoException("accept on " + path, errno);
                    }
                    Descriptor connection = new Descriptor(accepted, path + "#" + accepted);
                    try {
                        return Optional.of(new SeqPacketSocket(connection, credentials(accepted)));
                    } catch (ErrnoException failed) {
                        connection.close();
                        throw failed;
                    }
                });
    }

    private static PeerCredentials credentials(int fd) throws ErrnoException {
        try (Memory value = new Memory(12);
                Memory length = new Memory(4)) {
            length.setInt(0, 12);
            if (LibC.C.getsockopt(fd, LibC.SOL_SOCKET, LibC.SO_PEERCRED, value, length) < 0) {
                throw new ErrnoException("getsockopt(SO_PEERCRED)", Native.getLastError());
            }
            return new PeerCredentials(value.getInt(0), value.getInt(4), value.getInt(8));
        }
    }

    /** Stops listening and removes the file; a thread inside {@link #accept} returns. */
    @Override
    public void close() {
        if (descriptor.isClosed()) {
            return;
        }
        try {
            descriptor.use(fd -> LibC.C.shutdown(fd, LibC.SHUT_RDWR));
            Files.deleteIfExists(path);
        } catch (IOException ignored) {
            // A socket file that somebody else removed is what we wanted.
        }
        descriptor.close();
    }
}
