package io.mig.files.serve;

import static io.mig.files.sys.SysException.check;

import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One platform thread that can be any user towards the file system. The identity is the thread's
 * own: file system uid and gid, groups and effective capabilities are attributes of threads in
 * Linux (credentials(7)); umask is made so by {@code unshare(CLONE_FS)}. Only the thread itself
 * calls methods, and it never starts another thread: that would inherit whoever it is just then.
 */
final class Worker implements AutoCloseable {
    static final int SCRATCH = (1 << 20) + 4096;

    private static final int CLONE_FS = 0x200;
    private static final int CAPABILITY_VERSION_3 = 0x20080522;
    private static final long SETGID_SETUID = 1L << 6 | 1L << 7;

    /** What the kernel gives and takes with fsuid 0: CAP_FS_SET of {@code capability.h}. */
    private static final long FILE_SYSTEM = 0x1fL | 1L << 9 | 1L << 27 | 1L << 32;

    /** What root needs besides for trusted.* and file capabilities: SYS_ADMIN, SETFCAP. */
    private static final long ROOT_ONLY = 1L << 21 | 1L << 31;

    private final Native sys = new Native(SCRATCH);
    private final int descriptors;
    private final long permitted;
    // as whom the thread is now; null: as the agent itself
    private @Nullable Credentials current;
    private int @Nullable [] groups;
    private boolean rootOnly;
    private int umask = -1;

    Worker() {
        descriptors =
                (int)
                        sys.call(
                                SysCall.OPENAT,
                                Linux.AT_FDCWD,
                                sys.string(0, "/proc/self/fd".getBytes(StandardCharsets.US_ASCII)),
                                Linux.O_PATH | Linux.O_DIRECTORY | Linux.O_CLOEXEC);
        if (descriptors < 0) {
            throw new IllegalStateException("cannot open /proc/self/fd: errno=" + -descriptors);
        }
        long unshared = sys.call(SysCall.UNSHARE, CLONE_FS);
        if (unshared < 0) {
            throw new IllegalStateException("cannot unshare the umask: errno=" + -unshared);
        }
        permitted = permitted();
        capabilities(false);
        // whoever made this thread may have been somebody else
        identity(0, 0);
    }

    Native sys() {
        return sys;
    }

    /** Directory in which the decimal number of a descriptor names what it refers to. */
    int descriptors() {
        return descriptors;
    }

    /** Address of the name of a descriptor in {@link #descriptors}, in slot 0 or 1. */
    long nameOf(int slot, int fd) {
        return sys.string(slot, Integer.toString(fd).getBytes(StandardCharsets.US_ASCII));
    }

    /** Address of a path to a descriptor, for calls that know no directory descriptor. */
    long pathOf(int slot, int fd) {
        return sys.string(slot, ("/proc/self/fd/" + fd).getBytes(StandardCharsets.US_ASCII));
    }

    /** Opens what another descriptor (O_PATH) refers to. */
    int reopen(int fd, int flags) throws SysException {
        return (int)
                check(
                        sys.call(
                                SysCall.OPENAT,
                                descriptors,
                                nameOf(0, fd),
                                flags | Linux.O_CLOEXEC | Linux.O_NOCTTY | Linux.O_NONBLOCK));
    }

    /** Becomes the agent itself, for finding inodes by their handles. */
    void asAgent() {
        if (current != null) {
            capabilities(false);
            identity(0, 0);
            current = null;
        }
    }

    /** Becomes a user for all calls that follow. */
    void become(Credentials who) {
        if (who.equals(current)) {
            return;
        }
        int[] wanted = who.groups();
        if (!Arrays.equals(wanted, groups)) {
            MemorySegment list = sys.scratch();
            if (4L * wanted.length > list.byteSize()) {
                throw new IllegalStateException("groups=" + wanted.length);
            }
            MemorySegment.copy(wanted, 0, list, ValueLayout.JAVA_INT, 0, wanted.length);
            must(sys.call(SysCall.SETGROUPS, wanted.length, list.address()), "setgroups");
            groups = wanted;
        }
        capabilities(false);
        identity(who.uid(), who.gid());
        if (who.uid() == 0) {
            capabilities(true);
        }
        current = who;
    }

    void umask(int mask) {
        if (mask != umask) {
            sys.call(SysCall.UMASK, mask & 0777);
            umask = mask;
        }
    }

    /** Checked: whoever goes on as somebody else after a failure would break every promise. */
    private void identity(int uid, int gid) {
        sys.call(SysCall.SETFSGID, Integer.toUnsignedLong(gid));
        sys.call(SysCall.SETFSUID, Integer.toUnsignedLong(uid));
        if ((int) sys.call(SysCall.SETFSUID, -1) != uid
                || (int) sys.call(SysCall.SETFSGID, -1) != gid) {
            throw new IllegalStateException("the kernel did not take uid=" + uid + " gid=" + gid);
        }
    }

    /** The file system ones come and go with fsuid 0; others are never in effect for a user. */
    private void capabilities(boolean root) {
        if (root == rootOnly && current != null) {
            return;
        }
        boolean agent = current == null || current.uid() == 0 || root;
        long effective =
                permitted & (SETGID_SETUID | (agent ? FILE_SYSTEM : 0) | (root ? ROOT_ONLY : 0));
        MemorySegment s = sys.scratch();
        s.set(ValueLayout.JAVA_INT, 0, CAPABILITY_VERSION_3);
        s.set(ValueLayout.JAVA_INT, 4, 0);
        for (int word = 0; word < 2; word++) {
            s.set(ValueLayout.JAVA_INT, 8 + 12L * word, (int) (effective >>> (32 * word)));
            s.set(ValueLayout.JAVA_INT, 12 + 12L * word, (int) (permitted >>> (32 * word)));
            s.set(ValueLayout.JAVA_INT, 16 + 12L * word, 0);
        }
        must(sys.call(SysCall.CAPSET, s.address(), s.address() + 8), "capset");
        rootOnly = root;
    }

    private long permitted() {
        MemorySegment s = sys.scratch();
        s.set(ValueLayout.JAVA_INT, 0, CAPABILITY_VERSION_3);
        s.set(ValueLayout.JAVA_INT, 4, 0);
        must(sys.call(SysCall.CAPGET, s.address(), s.address() + 8), "capget");
        return Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, 12))
                | Integer.toUnsignedLong(s.get(ValueLayout.JAVA_INT, 24)) << 32;
    }

    private static void must(long result, String what) {
        if (result < 0) {
            throw new IllegalStateException(
                    what + " failed: errno=" + -result + "; the agent needs root's capabilities");
        }
    }

    @Override
    public void close() {
        sys.closeFd(descriptors);
        sys.close();
    }
}
