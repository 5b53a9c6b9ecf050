package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysException;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Status;
import io.mig.model.NodeId;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What home keeps for one mount at one host: open files, lock owners, remembered replies, and what
 * the host may have cached. Thread-safe.
 */
final class HostSession {
    /** Inodes a host is told about changes of; 16 to 32 MB at most. */
    private static final int MAX_KNOWN = 2 << 20;

    private final NodeId host;
    private final long id;
    private final ReplyMemory replies = new ReplyMemory();
    private final Invalidations invalidations;
    private final LockOwners locks = new LockOwners();
    // guarded by this
    private final Map<Long, OpenFile> files = new HashMap<>();
    private final LongHashes known = new LongHashes(MAX_KNOWN);
    private long usedNanos;
    private boolean ended;

    HostSession(NodeId host, long id, Invalidations invalidations) {
        this.host = host;
        this.id = id;
        this.invalidations = invalidations;
    }

    NodeId host() {
        return host;
    }

    long id() {
        return id;
    }

    ReplyMemory replies() {
        return replies;
    }

    LockOwners locks() {
        return locks;
    }

    Invalidations invalidations() {
        return invalidations;
    }

    synchronized void used(long nanos) {
        usedNanos = nanos;
    }

    synchronized long idleNanos(long now) {
        return now - usedNanos;
    }

    /** Remembers that the host knows an inode; true when that is news. */
    boolean learn(byte[] identity) {
        boolean isNew;
        boolean overflow;
        synchronized (this) {
            overflow = known.full();
            if (overflow) {
                known.clear();
            }
            isNew = known.add(LongHashes.of(identity));
        }
        if (overflow) {
            invalidations.everything();
        }
        return isNew;
    }

    synchronized boolean knows(long hash) {
        return known.contains(hash);
    }

    synchronized boolean room() {
        return files.size() < Limits.MAX_HANDLES;
    }

    /** Takes an open file over; on failure the caller keeps it. */
    synchronized void opened(long handle, OpenFile file) throws SysException {
        if (ended) {
            throw new SysException(Status.UNKNOWN_SESSION);
        }
        if (files.size() >= Limits.MAX_HANDLES) {
            throw new SysException(Errno.EMFILE);
        }
        if (files.putIfAbsent(handle, file) != null) {
            throw new SysException(Errno.EBADF);
        }
    }

    synchronized boolean has(long handle) {
        return files.containsKey(handle);
    }

    /** An open file, to be left after use. */
    synchronized OpenFile use(long handle) throws SysException {
        OpenFile file = files.get(handle);
        if (file == null || !file.use()) {
            throw new SysException(Status.UNKNOWN_HANDLE);
        }
        return file;
    }

    /** Any open file of an inode, writable if there is one; to be left after use. */
    synchronized @Nullable OpenFile useAny(NodeRef node) {
        for (OpenFile file : files.values()) {
            if (file.node().equals(node) && file.use()) {
                return file;
            }
        }
        return null;
    }

    synchronized @Nullable OpenFile released(long handle) {
        return files.remove(handle);
    }

    synchronized int openFiles() {
        return files.size();
    }

    /** Gives everything up. */
    void end(Native sys) {
        Map<Long, OpenFile> left;
        synchronized (this) {
            ended = true;
            left = Map.copyOf(files);
            files.clear();
        }
        left.values()
                .forEach(
                        file -> {
                            if (file.leave()) {
                                sys.closeFd(file.fd());
                            }
                        });
        locks.clear(sys);
        invalidations.close();
    }
}
