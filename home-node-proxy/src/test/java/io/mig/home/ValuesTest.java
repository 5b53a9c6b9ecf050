package io.mig.home;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Texts that go to and come from the native programs and the kernel. */
@Timeout(10)
class ValuesTest {
    @Test
    void shouldReadWordsOfHopFrames() {
        assertThat(Values.word("event=exit pid=12 status=256\n", "event")).contains("exit");
        assertThat(Values.number("event=exit pid=12 status=256\n", "status")).hasValue(256);
        assertThat(Values.number("status=0\nkeeper=77\n", "keeper")).hasValue(77);
        assertThat(Values.number("status=many\n", "status")).isEmpty();
        assertThat(Values.word("", "event")).isEmpty();
    }

    @Test
    void shouldWriteTheConfigurationOfADeputy() {
        DeputyConfig config =
                new DeputyConfig(
                        "xz",
                        Map.of(15, 1, 10, 2),
                        List.of(
                                new DeputyConfig.Stream(0, StreamKind.TTY, 2, false),
                                new DeputyConfig.Stream(7, StreamKind.PIPE_IN, 0, true)),
                        OptionalInt.of(20));

        assertThat(config.text())
                .isEqualTo(
                        """
                        comm=xz
                        drop=10:2
                        drop=15:1
                        stream=0 kind=tty fd=2 flags=0
                        stream=7 kind=pipe-in fd=0 flags=demand
                        stopped=20
                        end
                        """);
        assertThat(config.keep()).containsExactly(0, 2);
        assertThat(DeputyConfig.streams(config.text())).isEqualTo(config.streams());
        assertThat(DeputyConfig.again(config.text()))
                .isEqualTo(
                        """
                        comm=xz
                        stream=0 kind=tty fd=2 flags=0
                        stream=7 kind=pipe-in fd=0 flags=demand
                        end
                        """);
        assertThat(
                        DeputyConfig.streams(
                                "stream=x kind=tty fd=1\nstream=1 kind=odd fd=1\nstream=1 kind=tty fd=-4\n"))
                .isEmpty();
    }

    @Test
    void shouldReadStateAndStartTimeWhateverTheNameIs() {
        String line =
                "4242 (a) Z (b c) T 4200 4241 2916 34819 4250 4194304 17 0 3 0 212 207 0 0 20 0 1 0 8812345 99 1";
        assertThat(parse(line)).contains(new ProcStatFile.Line('T', 8812345));
        assertThat(parse("4242 (cut")).isEmpty();
        assertThat(parse("4242 (cut) S 1 2 3")).isEmpty();
        assertThat(parse("")).isEmpty();
        assertThat(ProcStatFile.startTicks((int) ProcessHandle.current().pid())).isPresent();
    }

    private static Optional<ProcStatFile.Line> parse(String line) {
        byte[] bytes = line.getBytes(UTF_8);
        return ProcStatFile.parse(bytes, bytes.length);
    }

    @Test
    void shouldTellWhichProcessesBecameDeputies() {
        List<DeputyPlan> plans = List.of(plan(10), plan(11), plan(12));
        assertThat(
                        Deputiser.outcomes(
                                plans, "10 ok\n11 error it is in strict seccomp mode\nodd: line\n"))
                .containsExactly(
                        new DeputyOutcome.Done(10),
                        new DeputyOutcome.Failed(11, "it is in strict seccomp mode"),
                        new DeputyOutcome.Failed(
                                12, "mig-deputise said nothing about it: odd: line"));
    }

    private static DeputyPlan plan(int pid) {
        return new DeputyPlan(pid, Path.of("/sys/fs/cgroup/cgroup.procs"), List.of());
    }
}
