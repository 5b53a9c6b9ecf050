package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ProcessSamplerTest {
    private static final long SECOND = 1_000_000_000L;

    @TempDir private Path proc = Path.of("");

    private long now;

    private ProcessSampler sampler() {
        return new ProcessSampler(proc, new KernelUnits(4096, 100), () -> now);
    }

    @Test
    void shouldMeasureShareBetweenTwoLooksWhenTheProcessIsTheSame() throws IOException {
        ProcessSampler sampler = sampler();
        write(7, 1000, 500);
        sampler.sample(List.of(7));
        now += 2 * SECOND;
        write(7, 1300, 500);

        ProcessLoad load = Objects.requireNonNull(sampler.sample(List.of(7)).get(7));

        assertThat(load.cpu()).isCloseTo(1.5, within(1e-9));
        assertThat(load.cpuTime()).isEqualTo(Duration.ofSeconds(13));
        assertThat(load.rssBytes()).isEqualTo(40960);
        assertThat(load.state()).isEqualTo('R');
    }

    @Test
    void shouldTellTheMeanOfItsLifeWhenAProcessIsNew() throws IOException {
        Files.writeString(proc.resolve("uptime"), "15.00 12.00\n");
        write(7, 250, 500); // 2.5 s of processor time, started 10 s ago

        assertThat(Objects.requireNonNull(sampler().sample(List.of(7)).get(7)).cpu())
                .isCloseTo(0.25, within(1e-9));
    }

    @Test
    void shouldStartAnewWhenThePidBelongsToAnotherProcess() throws IOException {
        ProcessSampler sampler = sampler();
        write(7, 100_000, 500);
        sampler.sample(List.of(7));
        now += SECOND;
        write(7, 5, 9000);

        assertThat(Objects.requireNonNull(sampler.sample(List.of(7)).get(7)).cpu()).isZero();
    }

    @Test
    void shouldMeasureEachProcessWhenCallersAskForThemInTurn() throws IOException {
        ProcessSampler sampler = sampler();
        write(7, 1000, 500);
        write(8, 1000, 500);
        sampler.sample(List.of(7));
        sampler.sample(List.of(8));
        now += SECOND;
        write(7, 1100, 500);
        write(8, 1050, 500);

        assertThat(cpu(sampler, 7)).isCloseTo(1.0, within(1e-9));
        assertThat(cpu(sampler, 8)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void shouldKeepTheLastShareWhenTheNextLookComesAtOnce() throws IOException {
        ProcessSampler sampler = sampler();
        write(7, 1000, 500);
        sampler.sample(List.of(7));
        now += SECOND;
        write(7, 1050, 500);
        assertThat(cpu(sampler, 7)).isCloseTo(0.5, within(1e-9));
        now += SECOND / 100;
        write(7, 1051, 500);

        assertThat(cpu(sampler, 7)).isCloseTo(0.5, within(1e-9));
    }

    @Test
    void shouldForgetAProcessWhenNobodyLooksAtItForLong() throws IOException {
        ProcessSampler sampler = sampler();
        write(7, 1000, 500);
        sampler.sample(List.of(7));
        now += (ProcessSampler.FORGET_SECONDS + 1) * SECOND;
        write(7, 2000, 500);

        assertThat(cpu(sampler, 7)).isZero(); // a first look again, and this fake has no uptime
    }

    @Test
    void shouldLeaveOutProcessesThatAreGone() throws IOException {
        write(7, 1, 1);

        assertThat(sampler().sample(List.of(7, 8))).containsOnlyKeys(7);
    }

    @Test
    void shouldMeasureItselfOnTheLiveSystem() {
        int self = (int) ProcessHandle.current().pid();

        ProcessLoad load =
                Objects.requireNonNull(new ProcessSampler().sample(List.of(self)).get(self));

        assertThat(load.rssBytes()).isGreaterThan(1 << 20);
        assertThat(load.cpuTime()).isPositive();
        assertThat(load.cpu()).isPositive();
    }

    private static double cpu(ProcessSampler sampler, int pid) {
        return Objects.requireNonNull(sampler.sample(List.of(pid)).get(pid)).cpu();
    }

    private void write(int pid, long cpuTicks, long startTicks) throws IOException {
        Path directory = Files.createDirectories(proc.resolve(Integer.toString(pid)));
        Files.writeString(
                directory.resolve("stat"),
                pid
                        + " (x) R 1 1 1 0 -1 0 0 0 0 0 "
                        + cpuTicks
                        + " 0 0 0 20 0 1 0 "
                        + startTicks
                        + " 1000000 10 0\n");
    }
}
