package io.mig.files.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.files.sys.Linux;
import io.mig.files.wire.Lock;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LockSetTest {
    private final LockSet locks = new LockSet();

    private static Lock lock(long owner, long start, long end, int type) {
        return new Lock(owner, start, end, type, (int) owner + 100, false, true);
    }

    @Test
    void shouldKeepTheRestsWhenTheMiddleIsGivenUp() {
        locks.apply(lock(1, 0, 99, Linux.F_WRLCK));
        locks.apply(lock(1, 40, 59, Linux.F_UNLCK));

        assertThat(locks.held()).extracting(Lock::start).containsExactlyInAnyOrder(0L, 60L);
        assertThat(locks.held()).extracting(Lock::end).containsExactlyInAnyOrder(39L, 99L);
        assertThat(locks.held()).allMatch(l -> l.type() == Linux.F_WRLCK && !l.blocking());
    }

    @Test
    void shouldReplaceTheKindOfWhatIsLockedAgain() {
        locks.apply(lock(1, 0, 9, Linux.F_RDLCK));
        locks.apply(lock(1, 0, 9, Linux.F_WRLCK));
        locks.apply(lock(2, 0, 9, Linux.F_RDLCK));

        assertThat(locks.held()).hasSize(2);
        locks.dropRanges(1);
        assertThat(locks.held()).extracting(Lock::owner).containsExactly(2L);
    }

    @Test
    void shouldLeaveFlockAloneWhenRangesAreGivenUp() {
        locks.apply(new Lock(1, 0, Long.MAX_VALUE, Linux.F_WRLCK, 1, true, false));
        locks.apply(lock(1, 0, Long.MAX_VALUE, Linux.F_UNLCK));
        locks.dropRanges(1);

        assertThat(locks.held()).hasSize(1);
    }

    @Test
    void shouldKnowEachByteAsASimpleArrayDoesAfterManySteps() {
        Random random = new Random(7);
        int[] expected = new int[64];
        java.util.Arrays.fill(expected, Linux.F_UNLCK);
        for (int step = 0; step < 5000; step++) {
            int start = random.nextInt(64);
            int end = start + random.nextInt(64 - start);
            int type = random.nextInt(3);
            locks.apply(lock(1, start, end, type));
            java.util.Arrays.fill(expected, start, end + 1, type);
        }
        int[] seen = new int[64];
        java.util.Arrays.fill(seen, Linux.F_UNLCK);
        for (Lock l : locks.held()) {
            java.util.Arrays.fill(seen, (int) l.start(), (int) l.end() + 1, l.type());
        }
        assertThat(seen).isEqualTo(expected);
        assertThat(locks.tooMany()).isFalse();
    }
}
