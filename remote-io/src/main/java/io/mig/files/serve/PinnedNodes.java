package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.Statx;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Inodes of file systems without file handles, held by descriptors. The least used are given up
 * beyond a bound: their references are stale then and the guest's kernel looks them up again by
 * name. Thread-safe.
 */
final class PinnedNodes {
    private record Key(long mount, long dev, long ino) {}

    private record Pin(int fd, long serial) {}

    private final int max;
    // so that references of an earlier agent are not taken for ours
    private final long boot = new SecureRandom().nextLong();
    private final Map<Key, Pin> pins = new LinkedHashMap<>(64, 0.75f, true);
    private long serials;

    PinnedNodes(int max) {
        this.max = max;
    }

    /** Identity of an inode; keeps a duplicate of the descriptor. */
    synchronized byte[] pin(Native sys, long mount, Statx stat, int fd, List<Integer> toClose)
            throws SysException {
        Key key = new Key(mount, stat.dev(), stat.ino());
        Pin pin = pins.get(key);
        if (pin == null) {
            pin = new Pin(duplicate(sys, fd), ++serials);
            pins.put(key, pin);
            Iterator<Pin> eldest = pins.values().iterator();
            if (pins.size() > max) {
                toClose.add(eldest.next().fd());
                eldest.remove();
            }
        }
        return ByteBuffer.allocate(41)
                .put((byte) Nodes.PINNED)
                .putLong(mount)
                .putLong(stat.dev())
                .putLong(stat.ino())
                .putLong(boot)
                .putLong(pin.serial())
                .array();
    }

    /** A descriptor of an inode that is still held. */
    synchronized int duplicate(Worker worker, byte[] identity) throws SysException {
        ByteBuffer in = ByteBuffer.wrap(identity, 1, identity.length - 1);
        @Nullable Pin pin = pins.get(new Key(in.getLong(), in.getLong(), in.getLong()));
        if (pin == null || in.getLong() != boot || in.getLong() != pin.serial()) {
            throw new SysException(Errno.ESTALE);
        }
        return duplicate(worker.sys(), pin.fd());
    }

    private static int duplicate(Native sys, int fd) throws SysException {
        return (int) SysException.check(sys.call(SysCall.FCNTL, fd, Linux.F_DUPFD_CLOEXEC, 0));
    }

    synchronized List<Integer> clear() {
        List<Integer> fds = new ArrayList<>();
        pins.values().forEach(pin -> fds.add(pin.fd()));
        pins.clear();
        return fds;
    }
}
