package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.mig.load.DirtyMeter.Candidate;
import io.mig.load.DirtyRate.Method;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class DirtyMeterTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000L;

    private final List<String> asked = new ArrayList<>();
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean hangs;
    private boolean gone;
    private long now = 5 * SECOND;
    private long work;

    /** A walk takes 60 µs per MiB of the only size there is: 64 MiB. */
    private final PageMarks marks =
            new PageMarks() {
                @Override
                public Method method() {
                    return Method.TOUCHED;
                }

                @Override
                public void clear(int pid) throws IOException {
                    walk("clear " + pid);
                }

                @Override
                public long marked(int pid) throws IOException {
                    walk("read " + pid);
                    return 8 * MIB;
                }

                private void walk(String what) throws IOException {
                    asked.add(what);
                    work += 2_000_000;
                    if (gone) {
                        throw new IOException("gone");
                    }
                }
            };

    private final DirtyMeter meter =
            new DirtyMeter(
                    marks,
                    job -> {
                        if (hangs) {
                            waiting.add(job);
                        } else {
                            job.run();
                        }
                    },
                    () -> now,
                    () -> work);

    private static Candidate candidate(int pid, long mib, boolean runs) {
        return new Candidate("p" + pid, List.of(pid), mib * MIB, runs);
    }

    private void seconds(int count, Candidate... candidates) {
        for (int i = 0; i < count; i++) {
            meter.look(List.of(candidates));
            now += SECOND;
        }
    }

    @Test
    void shouldTellWhatWasTouchedPerSecondBetweenTwoLooks() {
        seconds(1, candidate(7, 64, true));
        assertThat(meter.rate("p7")).isEmpty();
        now += SECOND;
        seconds(1, candidate(7, 64, true));

        assertThat(asked).containsExactly("clear 7", "read 7");
        DirtyRate rate = meter.rate("p7").orElseThrow();
        assertThat(rate.bytesPerSecond()).isCloseTo(4.0 * MIB, within(1.0));
        assertThat(rate.method()).isEqualTo(Method.TOUCHED);
    }

    @Test
    void shouldSumUpATree() {
        seconds(2, new Candidate("tree", List.of(7, 8), 64 * MIB, true));

        assertThat(asked).containsExactly("clear 7", "clear 8", "read 7", "read 8");
        assertThat(meter.rate("tree").orElseThrow().bytesPerSecond()).isEqualTo(16.0 * MIB);
    }

    @Test
    void shouldAskNothingOfTheSmallTheBigAndTheResting() {
        seconds(5, candidate(1, 15, true), candidate(2, 10_000, true), candidate(3, 64, false));

        assertThat(asked).isEmpty();
        assertThat(meter.rate("p1")).isEmpty();
        assertThat(meter.rate("p2")).isEmpty();
        assertThat(meter.rate("p3")).contains(new DirtyRate(0, Method.RESTS));
    }

    @Test
    void shouldLearnWhatWalksCostAndLeaveAloneWhoWouldCostTooMuch() {
        // 2 ms for 16 MiB make 40 ms for 320 MiB, which the first guess would have allowed
        seconds(120, candidate(1, 16, true));
        asked.clear();
        seconds(60, candidate(2, 320, true));

        assertThat(asked).isEmpty();
    }

    @Test
    void shouldBoundItsWorkHoweverManyThereAre() {
        Candidate[] many = new Candidate[300];
        for (int i = 0; i < many.length; i++) {
            many[i] = candidate(i + 1, 64, true);
        }
        seconds(600, many);

        assertThat(work).as("0.2 %% of ten minutes, and one walk").isLessThan(1_300_000_000L);
        assertThat(asked).doesNotHaveDuplicates().hasSizeGreaterThan(300);
    }

    @Test
    void shouldDisturbNobodyTwiceInHalfAMinute() {
        seconds(30, candidate(7, 64, true));
        assertThat(asked).hasSize(2);
        seconds(10, candidate(7, 64, true));
        assertThat(asked).hasSize(4);
    }

    @Test
    void shouldNotTryAgainSoonWhenItCannotBeAsked() {
        gone = true;
        seconds(20, candidate(7, 64, true));

        assertThat(asked).containsExactly("clear 7");
        assertThat(meter.rate("p7")).isEmpty();
    }

    @Test
    void shouldForgetWhoIsGoneAndWhoseTreeHasChanged() {
        seconds(2, candidate(7, 64, true));
        assertThat(meter.rate("p7")).isPresent();
        seconds(1, candidate(8, 64, true));
        assertThat(meter.rate("p7")).isEmpty();

        assertThat(asked).endsWith("clear 8");
        seconds(1, new Candidate("p8", List.of(8, 9), 64 * MIB, true));
        assertThat(asked).as("the marks of one of two say nothing").endsWith("clear 8");
    }

    @Test
    void shouldWaitForAWalkThatHangsAndAskNobodyElse() {
        hangs = true;
        seconds(100, candidate(7, 64, true), candidate(8, 64, true));
        assertThat(waiting).hasSize(1);

        hangs = false;
        waiting.getFirst().run();
        seconds(2, candidate(7, 64, true), candidate(8, 64, true));
        assertThat(asked).hasSize(2);
    }

    @Test
    void shouldForgetWhatIsTooOldToBeTrue() {
        seconds(2, candidate(7, 64, true));
        Optional<DirtyRate> before = meter.rate("p7");
        // it has grown so much that it is not measured any more
        seconds(290, candidate(7, 10_000, true));
        assertThat(meter.rate("p7")).isEqualTo(before);
        seconds(20, candidate(7, 10_000, true));

        assertThat(meter.rate("p7")).isEmpty();
    }
}
