package io.mig.ctl.lab;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waiting for what the kernel does in its own time and announces to nobody. */
final class Patience {
    private static final long STEP_MILLIS = 2;

    private Patience() {}

    /**
     * Waits until the condition holds.
     *
     * @param what completes the sentence "waited 5 s for ..."
     * @throws LabException when it does not hold in time
     */
    static void until(Duration limit, String what, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new LabException("waited " + limit.toSeconds() + " s for " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(STEP_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LabException("interrupted while waiting for " + what, e);
            }
        }
    }
}
