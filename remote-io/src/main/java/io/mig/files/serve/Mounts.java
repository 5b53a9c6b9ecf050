package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mounts of home that guests came across. Thread-safe.
 *
 * <p>File systems that show the kernel instead of files are not served: through {@code /proc/self}
 * a guest would read the agent itself, and the capsule has its own.
 */
final class Mounts implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Mounts.class);

    private static final Set<String> KERNEL_TYPES =
            Set.of(
                    "proc",
                    "sysfs",
                    "devtmpfs",
                    "devpts",
                    "cgroup",
                    "cgroup2",
                    "debugfs",
                    "tracefs",
                    "securityfs",
                    "configfs",
                    "bpf",
                    "fusectl",
                    "pstore",
                    "efivarfs",
                    "mqueue",
                    "hugetlbfs",
                    "binfmt_misc",
                    "nsfs",
                    "selinuxfs",
                    "smackfs",
                    "autofs",
                    "resctrl",
                    "rpc_pipefs",
                    "nfsd",
                    "fuse.mig");

    /** The same by f_type of statfs(2): {@code linux/magic.h}. */
    private static final Set<Long> KERNEL_MAGIC =
            Set.of(
                    0x9fa0L,
                    0x62656572L,
                    0x1cd1L,
                    0x27e0ebL,
                    0x63677270L,
                    0x64626720L,
                    0x74726163L,
                    0x73636673L,
                    0x62656570L,
                    0xcafe4a11L,
                    0x65735543L,
                    0x6165676cL,
                    0xde5e81e4L,
                    0x19800202L,
                    0x958458f6L,
                    0x42494e4dL,
                    0x6e736673L,
                    0xf97cff8cL,
                    0x43415d53L,
                    0x0187L);

    private final ConcurrentMap<Long, Mount> byId = new ConcurrentHashMap<>();
    private final ChangeSource changes;

    Mounts(ChangeSource changes) {
        this.changes = changes;
    }

    /** The mount of an inode that was just found; the caller may be any user. */
    Mount of(Worker worker, int fd, Statx stat) throws SysException {
        Mount known = byId.get(stat.mountId());
        return known != null ? known : register(worker, fd, stat);
    }

    /** A mount by its id from a reference: known, or looked for among all of this machine. */
    Mount byId(Worker worker, long id) throws SysException {
        Mount known = byId.get(id);
        if (known != null) {
            return known;
        }
        worker.asAgent();
        Native sys = worker.sys();
        for (MountLine line : MountLine.all()) {
            if (KERNEL_TYPES.contains(line.type())) {
                continue;
            }
            long fd =
                    sys.call(
                            SysCall.OPENAT,
                            Linux.AT_FDCWD,
                            sys.string(0, line.path()),
                            Linux.O_PATH | Linux.O_NOFOLLOW | Linux.O_CLOEXEC);
            if (fd < 0) {
                continue;
            }
            try {
                Statx stat = Statx.of(sys, (int) fd, 0);
                if (stat.mountId() == id) {
                    return register(worker, (int) fd, stat);
                }
            } finally {
                sys.closeFd((int) fd);
            }
        }
        throw new SysException(Errno.ESTALE);
    }

    List<Mount> withFsid(long fsid) {
        List<Mount> found = new ArrayList<>(1);
        for (Mount mount : byId.values()) {
            if (mount.fsid() == fsid) {
                found.add(mount);
            }
        }
        return found;
    }

    private synchronized Mount register(Worker worker, int fd, Statx stat) throws SysException {
        Mount known = byId.get(stat.mountId());
        if (known != null) {
            return known;
        }
        worker.asAgent();
        Native sys = worker.sys();
        SysException.check(sys.call(SysCall.FSTATFS, fd, sys.scratchAddress()));
        long magic = sys.scratch().get(ValueLayout.JAVA_LONG, 0);
        long fsid = sys.scratch().get(ValueLayout.JAVA_LONG, 56);
        @Nullable String type = MountLine.of(stat.dev()).map(MountLine::type).orElse(null);
        @Nullable String refused = null;
        if (KERNEL_MAGIC.contains(magic) || (type != null && KERNEL_TYPES.contains(type))) {
            refused = type != null ? type : "magic " + Long.toHexString(magic);
        }
        int mountFd = -1;
        boolean watched = false;
        if (refused == null) {
            mountFd = openFor(worker, fd, stat);
            watched = mountFd >= 0 && fsid != 0 && changes.watch(mountFd);
        }
        Mount mount = new Mount(stat.mountId(), stat.dev(), mountFd, fsid, refused, watched);
        byId.put(mount.id(), mount);
        LOG.info(
                "serving mount={} type={} handles={} watched={} refused={}",
                mount.id(),
                type,
                mountFd >= 0,
                watched,
                refused);
        return mount;
    }

    /**
     * A descriptor that open_by_handle_at takes; checks that the inode comes back by its handle.
     */
    private static int openFor(Worker worker, int fd, Statx stat) throws SysException {
        if (!Linux.isDirectory(stat.mode()) && !Linux.isRegular(stat.mode())) {
            return -1;
        }
        Native sys = worker.sys();
        FileHandle handle = FileHandle.of(sys, fd, 0);
        if (handle == null) {
            return -1;
        }
        int open;
        try {
            open = worker.reopen(fd, Linux.O_RDONLY);
        } catch (SysException e) {
            return -1;
        }
        try {
            sys.closeFd(handle.open(sys, open, 0, Linux.O_PATH));
            return open;
        } catch (SysException e) {
            sys.closeFd(open);
            return -1;
        }
    }

    @Override
    public void close() {
        try (Native sys = new Native(0)) {
            byId.values().forEach(mount -> sys.closeFd(mount.fd()));
        }
        byId.clear();
    }
}
