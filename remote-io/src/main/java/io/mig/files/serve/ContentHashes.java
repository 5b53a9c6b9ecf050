package io.mig.files.serve;

import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * SHA-256 of programs and libraries, by which hosts know contents that they have already. Made by a
 * thread of its own after a file was first asked for; a file that has changed since has none.
 * Thread-safe.
 */
final class ContentHashes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ContentHashes.class);
    private static final int KNOWN = 4096;
    private static final int WAITING = 256;
    private static final int CHUNK = 256 << 10;
    private static final int OTHERS_READ = 04;
    private static final int EXECUTE = 0111;
    private static final byte[] COMING = {};

    /** First bytes of ELF files and of the JDK's image of its classes, either byte order. */
    private static final Set<Integer> PROGRAMS = Set.of(0x464c457f, 0xcafedada, 0xdadafeca);

    /** A file as it is between two changes. */
    private record Version(
            NodeRef node, long size, long mtime, int mtimeNanos, long ctime, int ctimeNanos) {
        static Version of(NodeRef node, Statx s) {
            return new Version(
                    node, s.size(), s.mtime(), s.mtimeNanos(), s.ctime(), s.ctimeNanos());
        }
    }

    /** The descriptor is ours. */
    private record Task(Version version, int fd) {}

    private final Map<Version, byte[]> known =
            new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Version, byte[]> eldest) {
                    return size() > KNOWN;
                }
            };
    private final Set<Version> underWay = new HashSet<>();
    private final BlockingQueue<Task> tasks = new ArrayBlockingQueue<>(WAITING);
    private final Thread thread =
            Thread.ofPlatform().daemon().name("files-hashes").unstarted(this::run);

    void start() {
        thread.start();
    }

    /**
     * The hash of an open file if it is known; no bytes when it is being made for the next one who
     * asks, empty when there will be none.
     *
     * @param fd opened for reading by the user who asks
     */
    Optional<byte[]> of(Native sys, NodeRef node, Statx stat, int fd) {
        if ((stat.mode() & OTHERS_READ) == 0
                || stat.size() < Limits.LEAST_KEPT
                || stat.size() > Limits.MOST_KEPT) {
            return Optional.empty();
        }
        Version version = Version.of(node, stat);
        synchronized (this) {
            byte[] hash = known.get(version);
            if (hash != null || underWay.contains(version)) {
                return Optional.of(hash == null ? COMING : hash);
            }
        }
        boolean wanted = (stat.mode() & EXECUTE) != 0 || isProgram(sys, fd);
        return wanted && later(sys, version, fd) ? Optional.of(COMING) : Optional.empty();
    }

    private static boolean isProgram(Native sys, int fd) {
        return sys.call(SysCall.PREAD, fd, sys.scratchAddress(), 4, 0) == 4
                && PROGRAMS.contains(sys.scratch().get(ValueLayout.JAVA_INT, 0));
    }

    private boolean later(Native sys, Version version, int fd) {
        int own = (int) sys.call(SysCall.FCNTL, fd, Linux.F_DUPFD_CLOEXEC, 0);
        if (own < 0) {
            return false;
        }
        synchronized (this) {
            if (underWay.add(version) && tasks.offer(new Task(version, own))) {
                return true;
            }
            underWay.remove(version);
        }
        sys.closeFd(own);
        return false;
    }

    private void run() {
        try (Native sys = new Native(CHUNK)) {
            while (!Thread.currentThread().isInterrupted()) {
                Task task = tasks.take();
                try {
                    hash(sys, task).ifPresent(hash -> learn(task.version(), hash));
                } catch (SysException e) {
                    LOG.debug("no hash: errno={}", e.errno());
                } finally {
                    sys.closeFd(task.fd());
                    synchronized (this) {
                        underWay.remove(task.version());
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void learn(Version version, byte[] hash) {
        known.put(version, hash);
    }

    private static Optional<byte[]> hash(Native sys, Task task) throws SysException {
        MessageDigest digest = sha256();
        ByteBuffer chunk = sys.scratch().asByteBuffer();
        long at = 0;
        while (at < task.version().size()) {
            long got =
                    SysException.check(
                            sys.call(SysCall.PREAD, task.fd(), sys.scratchAddress(), CHUNK, at));
            if (got == 0) {
                return Optional.empty();
            }
            digest.update(chunk.clear().limit((int) got));
            at += got;
        }
        boolean same =
                Version.of(task.version().node(), Statx.of(sys, task.fd(), 0))
                        .equals(task.version());
        return same ? Optional.of(digest.digest()) : Optional.empty();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(2000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Native sys = new Native(0)) {
            for (@Nullable Task task = tasks.poll(); task != null; task = tasks.poll()) {
                sys.closeFd(task.fd());
            }
        }
    }
}
