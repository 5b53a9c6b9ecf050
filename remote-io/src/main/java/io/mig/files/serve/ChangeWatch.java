package io.mig.files.serve;

import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears by fanotify what home's own processes change on the file systems that guests use, and tells
 * the hosts that may have it cached. What the agent does itself is told by whoever does it. One
 * thread of its own waits for events; whoever must not overtake them takes them himself, see {@link
 * #drain}. Source: fanotify(7), fanotify_init(2), fanotify_mark(2).
 *
 * <p>Not seen: writes through a shared mapping before it is closed, and what other machines change
 * on a network file system.
 */
final class ChangeWatch implements ChangeSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeWatch.class);

    private static final int FAN_CLOEXEC = 1;
    private static final int FAN_NONBLOCK = 2;

    /** FAN_REPORT_FID, DIR_FID, NAME, TARGET_FID. */
    private static final int REPORT = 0x200 | 0x400 | 0x800 | 0x1000;

    private static final int ADD_FILESYSTEM = 0x1 | 0x100;

    private static final int MODIFY = 0x2;

    /** Who wrote through a mapping is heard of when the last of it is gone. */
    private static final int CLOSE_WRITE = 0x8;

    private static final int ATTRIB = 0x4;
    private static final int MOVED = 0x40 | 0x80;
    private static final int CREATE_DELETE = 0x100 | 0x200;
    private static final int DELETE_SELF = 0x400;
    private static final int OVERFLOW = 0x4000;
    private static final long ON_DIRECTORIES = 0x40000000L;

    private static final int HEADER = 24;
    private static final int INFO_FID = 1;
    private static final int INFO_DFID_NAME = 2;
    private static final int INFO_DFID = 3;
    private static final int BUFFER = 64 << 10;
    private static final int EPOLLIN = 1;

    /** So often at most is the queue read at once: 4 MiB, some 40,000 events. */
    private static final int MOST_READS = 64;

    private final Changes changes;
    private final ReentrantLock reading = new ReentrantLock();
    private final Native events = new Native(BUFFER);
    private final int fd;
    private final Executor asAgent;
    private final int ownPid = (int) ProcessHandle.current().pid();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("files-watch").unstarted(this::run);
    private volatile boolean closed;
    private volatile @Nullable Mounts mounts;

    /**
     * @param asAgent runs on a thread with all of the agent's rights
     */
    ChangeWatch(Changes changes, boolean wanted, Executor asAgent) {
        this.changes = changes;
        this.asAgent = asAgent;
        int opened = -1;
        if (wanted) {
            try (Native sys = new Native(0)) {
                opened =
                        (int)
                                sys.call(
                                        SysCall.FANOTIFY_INIT,
                                        FAN_CLOEXEC | FAN_NONBLOCK | REPORT,
                                        0);
            }
            if (opened < 0) {
                LOG.warn(
                        "changes made at home are not watched: fanotify errno={};"
                                + " hosts ask every second instead",
                        -opened);
            }
        }
        fd = opened;
    }

    void start(Mounts all) {
        mounts = all;
        if (fd >= 0) {
            thread.start();
        }
    }

    @Override
    public boolean watch(int mountFd) {
        if (fd < 0) {
            return false;
        }
        // the thread that asks has no capability to mark
        return CompletableFuture.supplyAsync(() -> mark(mountFd), asAgent).join();
    }

    private boolean mark(int mountFd) {
        try (Native sys = new Native(0)) {
            long mask =
                    MODIFY
                            | CLOSE_WRITE
                            | ATTRIB
                            | MOVED
                            | CREATE_DELETE
                            | DELETE_SELF
                            | ON_DIRECTORIES;
            // without a path the descriptor itself says which file system
            long result = sys.call(SysCall.FANOTIFY_MARK, fd, ADD_FILESYSTEM, mask, mountFd, 0, 0);
            if (result < 0) {
                LOG.warn("a file system is not watched: fanotify_mark errno={}", -result);
            }
            return result >= 0;
        }
    }

    private void run() {
        try (Native sys = new Native(64)) {
            MemorySegment s = sys.scratch();
            while (!closed) {
                s.set(ValueLayout.JAVA_INT, 0, fd);
                s.set(ValueLayout.JAVA_SHORT, 4, (short) EPOLLIN);
                s.set(ValueLayout.JAVA_LONG, 16, 0);
                s.set(ValueLayout.JAVA_LONG, 24, 250_000_000L);
                if (sys.call(SysCall.PPOLL, s.address(), 1, s.address() + 16, 0) > 0) {
                    drain();
                }
            }
        }
    }

    /**
     * Tells of every change that was made before this was called. The kernel queues an event before
     * the call that made the change returns, so whatever the changing process says afterwards comes
     * later than this. Any thread.
     */
    void drain() {
        if (fd < 0) {
            return;
        }
        reading.lock();
        try {
            for (int reads = 0; !closed; reads++) {
                long got = events.call(SysCall.READ, fd, events.scratchAddress(), (long) BUFFER);
                if (got <= 0) {
                    return;
                }
                if (reads == MOST_READS) {
                    LOG.warn("changes at home come faster than they are read");
                    changes.everything();
                    return;
                }
                events(events.scratch().asSlice(0, got));
            }
        } finally {
            reading.unlock();
        }
    }

    private void events(MemorySegment buffer) {
        long at = 0;
        while (at + HEADER <= buffer.byteSize()) {
            int length = buffer.get(ValueLayout.JAVA_INT_UNALIGNED, at);
            if (length < HEADER || at + length > buffer.byteSize()) {
                LOG.error("fanotify event length={} does not fit", length);
                changes.everything();
                return;
            }
            long mask = buffer.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 8);
            int pid = buffer.get(ValueLayout.JAVA_INT_UNALIGNED, at + 20);
            if ((mask & OVERFLOW) != 0) {
                LOG.warn("more changes at home than could be followed: hosts forget everything");
                changes.everything();
            } else if (pid != ownPid) {
                event(buffer.asSlice(at, length), mask);
            }
            at += length;
        }
    }

    private void event(MemorySegment event, long mask) {
        long at = Short.toUnsignedInt(event.get(ValueLayout.JAVA_SHORT_UNALIGNED, 6));
        while (at + 20 <= event.byteSize()) {
            int type = event.get(ValueLayout.JAVA_BYTE, at);
            int length = Short.toUnsignedInt(event.get(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2));
            if (length < 20 || at + length > event.byteSize()) {
                return;
            }
            info(event.asSlice(at, length), type, mask);
            at += length;
        }
    }

    /** fanotify_event_info_fid: header, fsid, struct file_handle, and a name after it. */
    private void info(MemorySegment info, int type, long mask) {
        Mounts known = mounts;
        long fsid = info.get(ValueLayout.JAVA_LONG_UNALIGNED, 4);
        int bytes = info.get(ValueLayout.JAVA_INT_UNALIGNED, 12);
        int handleType = info.get(ValueLayout.JAVA_INT_UNALIGNED, 16);
        if (known == null || bytes < 0 || bytes > FileHandle.MAX || 20 + bytes > info.byteSize()) {
            return;
        }
        byte[] handle = new byte[bytes];
        MemorySegment.copy(info, ValueLayout.JAVA_BYTE, 20, handle, 0, bytes);
        List<Mount> on = known.withFsid(fsid);
        for (Mount mount : on) {
            byte[] identity = Nodes.identity(mount.id(), handleType, handle);
            switch (type) {
                case INFO_DFID_NAME, INFO_DFID -> {
                    if ((mask & (CREATE_DELETE | MOVED)) != 0) {
                        changes.name(null, identity, name(info, 20L + bytes));
                    }
                }
                case INFO_FID ->
                        changes.inode(null, identity, (mask & (MODIFY | CLOSE_WRITE)) != 0);
                default -> {}
            }
        }
    }

    private static byte[] name(MemorySegment info, long from) {
        int length = 0;
        while (from + length < info.byteSize()
                && info.get(ValueLayout.JAVA_BYTE, from + length) != 0) {
            length++;
        }
        byte[] name = new byte[Math.min(length, Native.MAX_NAME)];
        MemorySegment.copy(info, ValueLayout.JAVA_BYTE, from, name, 0, name.length);
        return name;
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (thread.isAlive()) {
                thread.join(2000);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reading.lock();
        try {
            events.closeFd(fd);
            events.close();
        } finally {
            reading.unlock();
        }
    }
}
