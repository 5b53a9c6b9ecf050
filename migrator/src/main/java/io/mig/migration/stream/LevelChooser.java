package io.mig.migration.stream;

/**
 * Chooses how hard to compress from what the link does: as long as the link takes bytes faster than
 * the compressor makes them, compression only delays; when writes block, time spent compressing is
 * free. One owner thread.
 *
 * <p>The rule: over a window of some megabytes compare the time spent blocked in writes with the
 * time spent preparing data. More than half blocked: one level harder. Less than a tenth: one level
 * softer. Levels are zstd's; {@link #OFF} sends bytes as they are.
 */
final class LevelChooser {
    /** Not compressed at all. */
    static final int OFF = Integer.MIN_VALUE;

    private static final int[] LEVELS = {OFF, -5, -1, 1, 3, 6};
    private static final long WINDOW_BYTES = 4L << 20;

    private int index;
    private long bytes;
    private long blockedNanos;
    private long workNanos;

    int level() {
        return LEVELS[index];
    }

    /** Accounts for one chunk: raw size, time preparing it, time until the link had taken it. */
    void sent(long rawBytes, long preparingNanos, long writingNanos) {
        bytes += rawBytes;
        workNanos += preparingNanos;
        blockedNanos += writingNanos;
        if (bytes < WINDOW_BYTES) {
            return;
        }
        long all = Math.max(1, workNanos + blockedNanos);
        // a link that carries more than 200 MB/s is never the bottleneck worth a core
        boolean slowLink = blockedNanos > 0 && bytes * 1e9 / blockedNanos < 200e6;
        if (slowLink && blockedNanos * 2 > all && index < LEVELS.length - 1) {
            index++;
        } else if (blockedNanos * 10 < all && index > 0) {
            index--;
        }
        bytes = 0;
        blockedNanos = 0;
        workNanos = 0;
    }
}
