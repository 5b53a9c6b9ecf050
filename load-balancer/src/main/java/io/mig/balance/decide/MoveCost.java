package io.mig.balance.decide;

import io.mig.balance.view.Link;
import io.mig.balance.view.Usage;

/**
 * What a move is expected to cost the process.
 *
 * @param freezeSeconds in which it stands still
 * @param transferSeconds in which its memory is copied, most of it while it runs
 * @param bytes that go over the line
 */
public record MoveCost(double freezeSeconds, double transferSeconds, double bytes) {
    /** What freezing, dumping, restoring and committing take apart from memory. */
    static final double BASE_FREEZE_SECONDS = 0.09;

    /** Share of its speed that a process loses while its memory is copied. */
    static final double COPY_DRAG = 0.15;

    /** Below this size one copy while frozen is quicker than several while running. */
    private static final double PRECOPY_FROM_BYTES = 16 << 20;

    private static final int ROUNDS = 4;

    /**
     * Memory is copied in rounds while the process runs; each round copies what was written during
     * the one before, so the rounds shrink by the ratio of write rate and line rate. Where they
     * would not shrink, and where agents cannot do that, all is copied while frozen.
     */
    public static MoveCost predict(Usage usage, Link link) {
        double line = link.bytesPerSecond();
        double ratio = usage.dirtyBytesPerSecond() / line;
        double bytes = usage.rssBytes();
        double latency = 4 * link.rttMillis() / 1000;
        if (!link.live() || bytes < PRECOPY_FROM_BYTES || ratio > 0.8) {
            double freeze = BASE_FREEZE_SECONDS + latency + bytes / line;
            return new MoveCost(freeze, freeze, bytes);
        }
        double total = 0;
        double round = bytes;
        for (int i = 0; i < ROUNDS; i++) {
            total += round;
            round *= ratio;
        }
        double freeze = BASE_FREEZE_SECONDS + latency + round / line;
        return new MoveCost(freeze, total / line + freeze, total + round);
    }

    /** Running time that the process loses by moving. */
    public double lostSeconds() {
        return freezeSeconds + COPY_DRAG * (transferSeconds - freezeSeconds);
    }
}
