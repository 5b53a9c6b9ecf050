package io.mig.files.serve;

import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which file systems have so much room that no write fails for want of it: only there a host may
 * tell a guest that something is written before home has it. Thread-safe.
 */
final class Rooms {
    /** Hosts hold back some MiB each; the rest is for what home itself writes in that second. */
    static final long MUCH = 1L << 30;

    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final long QUOTA_NANOS = 30_000_000_000L;

    /** Those whose free space is what statfs(2) says. */
    private static final Set<String> PLAIN =
            Set.of("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "tmpfs");

    private record Look(long nanos, boolean roomy, long typeNanos, boolean plain) {}

    private final Map<Long, Look> looks = new ConcurrentHashMap<>();

    /** Of the file system that a descriptor is on. */
    boolean isRoomy(Native sys, int fd, long dev) {
        long now = System.nanoTime();
        Look known = looks.get(dev);
        if (known != null && now - known.nanos() < LOOK_NANOS) {
            return known.roomy();
        }
        boolean lately = known != null && now - known.typeNanos() < QUOTA_NANOS;
        Look look =
                known != null && lately
                        ? new Look(
                                now,
                                known.plain() && hasMuch(sys, fd),
                                known.typeNanos(),
                                known.plain())
                        : first(now, sys, fd, dev);
        looks.put(dev, look);
        return look.roomy();
    }

    private static Look first(long now, Native sys, int fd, long dev) {
        boolean plain = isPlain(dev);
        return new Look(now, plain && hasMuch(sys, fd), now, plain);
    }

    private static boolean isPlain(long dev) {
        return MountLine.of(dev)
                .filter(line -> PLAIN.contains(line.type()) && !line.options().contains("quota"))
                .isPresent();
    }

    /** Fields of struct statfs: statfs(2). */
    private static boolean hasMuch(Native sys, int fd) {
        if (sys.call(SysCall.FSTATFS, fd, sys.scratchAddress()) < 0) {
            return false;
        }
        MemorySegment s = sys.scratch();
        long blockBytes = s.get(ValueLayout.JAVA_LONG, 8);
        long available = s.get(ValueLayout.JAVA_LONG, 32);
        return blockBytes > 0 && available > MUCH / blockBytes;
    }
}
