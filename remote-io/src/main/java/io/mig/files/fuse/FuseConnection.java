package io.mig.files.fuse;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One mounted file system: reads the kernel's requests on a few platform threads, hands them to the
 * handler, and writes replies and notifications from any thread. Closing detaches the mount; who
 * has files open in it gets ENOTCONN.
 */
public final class FuseConnection implements AutoCloseable {
    /** Data of one write or read request. */
    public static final int MAX_DATA = 1 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(FuseConnection.class);
    private static final int IN_HEADER = 40;
    private static final int REQUEST_BUFFER = MAX_DATA + 8192;
    private static final int INVAL_INODE = 2;
    private static final int INVAL_ENTRY = 3;
    private static final int RESEND = 7;
    private static final int PRUNE = 9;
    private static final int EXPIRE_ONLY = 1;

    private final FuseConfig config;
    private final FuseHandler handler;
    private final @Nullable Kept kept;
    private final FuseBuffers buffers = new FuseBuffers(MAX_DATA + 4096);
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch initialised = new CountDownLatch(1);
    private volatile @Nullable FuseInit init;
    private volatile @Nullable FuseMount mount;
    // a reply must never be written to a number that means another file by now
    private final ReadWriteLock descriptor = new ReentrantReadWriteLock();
    private volatile int fd = -1;
    private volatile boolean left;

    /**
     * @param kept who made the mount and holds it; null: it is made here and ends with us
     */
    public FuseConnection(FuseConfig config, FuseHandler handler, @Nullable Kept kept) {
        this.config = config;
        this.handler = handler;
        this.kept = kept;
    }

    /**
     * Mounts, and serves from then on.
     *
     * @return what was agreed with the kernel
     * @throws IllegalStateException with the reason when it cannot be mounted
     */
    public FuseInit start() {
        try (Native sys = new Native(4096)) {
            if (kept != null) {
                fd = kept.fetch(sys);
                mount = FuseMount.existing(config);
            } else {
                mountHere(sys);
            }
        }
        startThreads();
        try {
            FuseInit agreed = initialised.await(10, TimeUnit.SECONDS) ? init : null;
            if (agreed == null) {
                close();
                throw new IllegalStateException(
                        "the kernel and we did not agree on a protocol: mountPoint="
                                + config.mountPoint());
            }
            return agreed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            throw new IllegalStateException("interrupted while mounting", e);
        }
    }

    /**
     * Goes on with a mount that an earlier agent served. What the kernel asked and was not answered
     * it asks again (FUSE_NOTIFY_RESEND, Linux 6.9).
     *
     * @param agreed then, with the kernel
     */
    public void goOn(FuseInit agreed) {
        if (kept == null) {
            throw new IllegalStateException("nobody keeps the mount");
        }
        try (Native sys = new Native(4096)) {
            fd = kept.fetch(sys);
            mount = FuseMount.existing(config);
        }
        init = agreed;
        initialised.countDown();
        if (write(out(0), RESEND, 0) < 0) {
            LOG.warn(
                    "what was asked of the earlier agent stays unanswered, its askers wait until they"
                            + " are killed: mountPoint={}; Linux 6.9 repeats it",
                    config.mountPoint());
        }
        startThreads();
    }

    /** Leaves the mount and whatever is asked of it to the next agent. */
    public void leave() {
        left = true;
    }

    private void startThreads() {
        running.set(config.threads());
        for (int i = 0; i < config.threads(); i++) {
            threads.add(
                    Thread.ofPlatform()
                            .daemon()
                            .name("fuse-" + config.source() + "-" + i)
                            .start(this::run));
        }
    }

    private void mountHere(Native sys) {
        FuseMount.detachStale(sys, config.mountPoint());
        fd = FuseMount.open(sys);
        try {
            mount = FuseMount.mount(sys, fd, config);
        } catch (RuntimeException e) {
            sys.closeFd(fd);
            throw e;
        }
    }

    private void run() {
        String why = "closed";
        try (Native sys = new Native(REQUEST_BUFFER)) {
            ByteBuffer buffer = sys.scratch().asByteBuffer().order(ByteOrder.nativeOrder());
            while (true) {
                long got = sys.call(SysCall.READ, fd, sys.scratchAddress(), REQUEST_BUFFER);
                if (left) {
                    why = "left to the next agent";
                    break;
                }
                if (got >= IN_HEADER) {
                    buffer.clear().limit((int) got);
                    request(buffer);
                } else if (got != -Errno.EINTR && got != -Errno.EAGAIN && got != -Errno.ENOENT) {
                    why = "the kernel ended it, errno=" + -got;
                    break;
                }
            }
        } finally {
            if (running.decrementAndGet() == 0) {
                descriptor.writeLock().lock();
                try (Native sys = new Native(0)) {
                    sys.closeFd(fd);
                    fd = -1;
                } finally {
                    descriptor.writeLock().unlock();
                }
                initialised.countDown();
                handler.ended(why);
            }
        }
    }

    private void request(ByteBuffer in) {
        int length = in.getInt();
        int number = in.getInt();
        long unique = in.getLong();
        long node = in.getLong();
        int uid = in.getInt();
        int gid = in.getInt();
        int pid = in.getInt();
        in.getInt();
        Opcode opcode = Opcode.of(number);
        if (opcode == null || length != in.limit()) {
            error(unique, opcode == null ? Errno.ENOSYS : Errno.EIO);
            return;
        }
        switch (opcode) {
            case INIT -> init(unique, in);
            case DESTROY -> error(unique, 0);
            default -> {
                FuseRequest request = new FuseRequest(opcode, unique, node, uid, gid, pid, in);
                try {
                    handler.handle(request);
                } catch (RuntimeException e) {
                    LOG.error("request failed: opcode={} node={}", opcode, node, e);
                    error(unique, Errno.EIO);
                }
            }
        }
    }

    private void init(long unique, ByteBuffer in) {
        FuseOut out = out(256);
        try {
            FuseInit agreed = FuseInit.negotiate(in, out.body(), MAX_DATA);
            init = agreed;
            send(unique, out);
            LOG.info(
                    "files mounted: mountPoint={} kernel=7.{} flags={}",
                    config.mountPoint(),
                    agreed.minor(),
                    Long.toHexString(agreed.flags()));
        } catch (IllegalArgumentException e) {
            LOG.error("cannot serve this kernel: {}", e.getMessage());
            buffers.give(out);
            error(unique, Errno.EPROTO);
        }
        initialised.countDown();
    }

    /** A buffer for a reply of at most so many bytes; must be sent or given back. */
    public FuseOut out(int bytes) {
        return buffers.take(bytes);
    }

    /** Answers with an error, or with an empty success for 0. */
    public void error(long unique, int errno) {
        FuseOut out = out(0);
        write(out, -errno, unique);
    }

    /**
     * Answers with what was put into the buffer, which is taken over.
     *
     * @return whether the kernel took it; it does not when who asked is gone
     */
    public boolean send(long unique, FuseOut out) {
        return write(out, 0, unique) >= 0;
    }

    /** Gives a buffer back unsent. */
    public void drop(FuseOut out) {
        buffers.give(out);
    }

    /**
     * The kernel forgets an inode's attributes, and its pages or listing if {@code contents}. May
     * wait for requests on that inode: never call it where those are answered.
     */
    public void invalidateInode(long node, boolean contents) {
        FuseOut out = out(64);
        out.body().putLong(node).putLong(contents ? 0 : -1).putLong(0);
        write(out, INVAL_INODE, 0);
    }

    /**
     * The kernel asks again for a name before it uses it. May wait, as {@link #invalidateInode}.
     */
    public void invalidateEntry(long directory, byte[] name) {
        FuseInit agreed = init;
        FuseOut out = out(64 + name.length);
        out.body()
                .putLong(directory)
                .putInt(name.length)
                .putInt(agreed != null && agreed.expireOnly() ? EXPIRE_ONLY : 0)
                .put(name)
                .put((byte) 0);
        write(out, INVAL_ENTRY, 0);
    }

    /**
     * The kernel drops those of these inodes that nothing uses, and tells so by FORGET
     * (FUSE_NOTIFY_PRUNE, Linux 6.18). May wait, as {@link #invalidateInode}.
     *
     * @return false when the kernel cannot do that
     */
    public boolean prune(List<Long> inodes) {
        FuseOut out = out(16 + 8 * inodes.size());
        out.body().putInt(inodes.size()).putInt(0).putLong(0);
        inodes.forEach(inode -> out.body().putLong(inode));
        long result = write(out, PRUNE, 0);
        return result >= 0 || result == -Errno.ENOENT || result == -Errno.ENODEV;
    }

    private long write(FuseOut out, int error, long unique) {
        descriptor.readLock().lock();
        try {
            int to = fd;
            if (to < 0 || left) {
                return -Errno.ENODEV;
            }
            out.header(error, unique);
            long result =
                    out.sys().call(SysCall.WRITE, to, out.sys().scratchAddress(), out.length());
            if (result < 0 && result != -Errno.ENOENT && result != -Errno.ENODEV) {
                LOG.warn(
                        "the kernel did not take a reply: errno={} unique={} bytes={}",
                        -result,
                        unique,
                        out.length());
            }
            return result;
        } finally {
            descriptor.readLock().unlock();
            buffers.give(out);
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        FuseMount mounted = mount;
        if (mounted == null) {
            return;
        }
        try (Native sys = new Native(4096)) {
            mounted.detach(sys);
            mounted.abort(sys);
        }
        for (Thread thread : threads) {
            if (thread.equals(Thread.currentThread())) {
                continue;
            }
            try {
                if (!thread.join(Duration.ofSeconds(5))) {
                    LOG.warn("a loop thread does not end: {}", thread.getName());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
