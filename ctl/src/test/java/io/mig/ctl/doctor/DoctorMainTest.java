package io.mig.ctl.doctor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mig.ctl.host.HostCommand;
import io.mig.json.Json;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DoctorMainTest {
    private final PaperMachine machine = new PaperMachine();
    private Optional<JsonArray> nodes = Optional.empty();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int examine(String... options) {
        out.reset();
        return new DoctorMain(
                        machine,
                        () -> nodes,
                        new PrintStream(out, true, UTF_8),
                        new PrintStream(err, true, UTF_8))
                .examine(List.of(options));
    }

    private String text() {
        return out.toString(UTF_8);
    }

    @Test
    void shouldFindAllFineWhenNothingIsMissing() {
        assertThat(examine()).isZero();
        assertThat(text()).contains("fine").doesNotContain("degraded").doesNotContain("missing");
    }

    @Test
    void shouldCallCriuMissingWhenItIsTooOld() {
        machine.outcomes.put(
                "/opt/mig/criu/criu --version", new HostCommand.Outcome(0, "Version: 3.17.1"));

        assertThat(examine()).isEqualTo(1);
        assertThat(text())
                .contains("missing   CRIU")
                .contains("cure: /src/mig/criu-bridge/setup/install-criu.sh  (--fix)");
    }

    @Test
    void shouldSayWhoseClockIsApartAndWhatCuresIt() {
        nodes = Optional.of(rows("{\"node\":\"a\",\"clockAheadMillis\":0},{\"node\":\"old\"}"));
        examine();
        assertThat(text()).as("nothing to compare with").doesNotContain("clocks of nodes");

        nodes =
                Optional.of(
                        rows(
                                "{\"node\":\"a\",\"clockAheadMillis\":0},"
                                        + "{\"node\":\"b\",\"clockAheadMillis\":-700}"));
        examine();
        assertThat(text()).contains("fine      clocks of nodes   the same on all 2");

        nodes =
                Optional.of(
                        rows(
                                "{\"node\":\"a\",\"clockAheadMillis\":0},"
                                        + "{\"node\":\"b\",\"clockAheadMillis\":180000},"
                                        + "{\"node\":\"c\",\"clockAheadMillis\":-300000}"));
        assertThat(examine()).as("mig works all the same").isZero();
        assertThat(text())
                .contains("degraded  clock of b        3 min 0 s ahead of this node's")
                .contains("degraded  clock of c        5 min 0 s behind this node's")
                .contains("chrony (here, and on b)", "chrony (here, and on c)")
                .doesNotContain("clocks of nodes", "clock of a");
    }

    private static JsonArray rows(String rows) {
        return (JsonArray) Json.parse(("[" + rows + "]").getBytes(UTF_8));
    }

    @Test
    void shouldOnlyBeDegradedWhenAFeatureIsAbsent() {
        machine.userfaultfd = 38;
        machine.synchronisedClock = false;

        assertThat(examine()).isZero();
        assertThat(text())
                .contains("degraded  userfaultfd", "errno=38", "live migration")
                .contains("degraded  clock");
    }

    @Test
    void shouldRunOnlyAutomaticCuresWhenFixing() {
        machine.fuse = 2;
        machine.synchronisedClock = false;
        machine.absentPrograms.add("ip");

        examine("--fix");

        assertThat(machine.ran)
                .anyMatch(line -> line.startsWith("sh -c modprobe fuse"))
                .anyMatch(line -> line.endsWith("--no-install-recommends iproute2"))
                .noneMatch(line -> line.contains("chrony"));
    }

    @Test
    void shouldRefuseToFixWhenNotRoot() {
        machine.root = false;
        machine.fuse = 13;

        assertThat(examine("--fix")).isEqualTo(1);
        assertThat(err.toString(UTF_8)).contains("sudo mig doctor --fix");
        assertThat(machine.ran).noneMatch(line -> line.contains("modprobe"));
    }

    @Test
    void shouldNameCapabilitiesWhenSomeAreAbsent() {
        machine.texts.put("/proc/self/status", "CapEff:\t000000fffeffffff");

        assertThat(examine()).isEqualTo(1);
        assertThat(text()).contains("without CAP_CHECKPOINT_RESTORE");
    }

    @Test
    void shouldAskForBiggerPipesWhenLimitsCannotBeExceeded() {
        machine.texts.put("/proc/self/status", "CapEff:\t000001fffeffffff");

        assertThat(examine()).isZero();
        assertThat(text())
                .contains(
                        "degraded  capabilities",
                        "degraded  pipe sizes",
                        "sysctl -q -w fs.pipe-max-size=16777216");
    }

    @Test
    void shouldPrintAnArrayWhenAskedForJson() {
        examine("--json");

        JsonArray array = (JsonArray) Json.parse(text());
        assertThat(array.elements()).hasSizeGreaterThan(10);
        assertThat(((JsonObject) array.elements().getFirst()).string("verdict")).isEqualTo("fine");
    }

    @Test
    void shouldExplainWhenAnOptionIsUnknown() {
        assertThat(examine("--cure")).isEqualTo(2);
        assertThat(err.toString(UTF_8)).contains("Usage: mig doctor");
    }

    @Test
    void shouldAskTheRealKernelWithoutFailing() {
        Kernel kernel = new LinuxMachine(InstantSource.system()).kernel();

        assertThat(kernel.pidfd()).isNotNegative();
        assertThat(kernel.userfaultfd()).isNotNegative();
        assertThat(kernel.pagemapScan()).isNotNegative();
        assertThat(kernel.open("/dev/null")).isZero();
        assertThat(kernel.open("/dev/no-such-device")).isEqualTo(2);
    }

    @Test
    void shouldReadWholeNumbersWhenTheyAreBelowProcSys() {
        assertThat(new LinuxMachine(InstantSource.system()).text("/proc/sys/fs/pipe-max-size"))
                .hasValueSatisfying(
                        size -> assertThat(Long.parseLong(size)).isGreaterThanOrEqualTo(4096));
    }
}
