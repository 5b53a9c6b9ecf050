package io.mig.balance.decide;

import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Runs a property on many random inputs. A failure names the seed; {@code -Dmig.seed=N} tries just
 * that one again.
 */
final class Tries {
    private Tries() {}

    static void forAll(int tries, Consumer<SplittableRandom> property) {
        Long replay = Long.getLong("mig.seed");
        for (long seed = replay == null ? 1 : replay; ; seed++) {
            try {
                property.accept(new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("does not hold for -Dmig.seed=" + seed, e);
            }
            if (replay != null || seed == tries) {
                return;
            }
        }
    }
}
