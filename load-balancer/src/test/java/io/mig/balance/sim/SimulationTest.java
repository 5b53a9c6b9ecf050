package io.mig.balance.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.mig.balance.policy.Policy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class SimulationTest {
    @TempDir private Path directory = Path.of("");

    private static Outcome play(Scenario scenario, Strategy strategy) {
        return Laboratory.play(scenario, strategy, Policy.USUAL, Physics.USUAL);
    }

    private static SimJob job(double arrival, int home, double work, boolean forked) {
        return new SimJob(arrival, home, work, 50e6, forked, 0, 0);
    }

    private static SimNode node(int cores, double speed) {
        return new SimNode(cores, speed, 8L << 30);
    }

    @Test
    void shouldShareAProcessorAsTheBookSays() {
        // 1 s and 3 s of work together on one processor: done after 2 s and 4 s
        Scenario s =
                new Scenario(
                        1, List.of(node(1, 1)), List.of(job(0, 0, 1, false), job(0, 0, 3, false)));

        assertThat(play(s, Strategy.NONE).meanSlowdown())
                .isCloseTo((2.0 + 4.0 / 3) / 2, within(1e-6));
        assertThat(play(s, Strategy.FAIR).meanSlowdown())
                .isCloseTo((2.0 + 4.0 / 3) / 2, within(1e-6));
        assertThat(play(s, Strategy.CLAIRVOYANT).meanSlowdown())
                .isCloseTo((1.0 + 4.0 / 3) / 2, within(1e-6));
    }

    @Test
    void shouldMoveForkedWorkToAnIdleNode() {
        Scenario s =
                new Scenario(
                        1,
                        List.of(node(1, 1), node(1, 1)),
                        List.of(job(0, 0, 60, true), job(0, 0, 60, true)));
        Outcome alone = play(s, Strategy.PLACEMENT);
        Outcome ours = play(s, Strategy.OURS);

        assertThat(alone.makespan()).isCloseTo(120, within(1e-6));
        assertThat(ours.makespan()).isLessThan(64);
        assertThat(ours.moves()).isEqualTo(1);
    }

    @Test
    void shouldGiveANodeThatIsAddedUnderLoadWorkWithoutAFlood() {
        // the last of 9 nodes has nothing, the others three long forks per processor
        List<SimNode> nodes = new java.util.ArrayList<>();
        List<SimJob> jobs = new java.util.ArrayList<>();
        for (int n = 0; n < 9; n++) {
            nodes.add(node(2, 1));
            for (int j = 0; j < 6 && n < 8; j++) {
                jobs.add(job(0, n, 100, true));
            }
        }
        ClusterSimulation simulation =
                new ClusterSimulation(
                        new Scenario(1, nodes, jobs), Strategy.OURS, Policy.USUAL, Physics.USUAL);
        Outcome ours = simulation.run();
        long soon =
                simulation.arrived().stream().filter(a -> a.node() == 8 && a.at() <= 10).count();

        // its two processors have something to do within ten seconds, but not all come at once
        assertThat(soon).isBetween(2L, 8L);
        // 48 jobs on 18 processors: evenly 2 to 3 each, none goes on and on
        assertThat(ours.makespan()).isLessThan(330);
        assertThat(ours.moves()).isBetween(4, 60);
        assertThat(ours.pingPong()).isZero();
    }

    @Test
    void shouldComeNearToWhoKnowsAllWhenTheLoadIsModerate() {
        double ours = 0;
        double knowing = 0;
        for (int seed = 1; seed <= 10; seed++) {
            Scenario s = ScenarioGenerator.generate(Shape.usual(8, 0.5), seed);
            ours += play(s, Strategy.OURS).meanSlowdown();
            knowing += play(s, Strategy.KNOWING).meanSlowdown();
        }
        assertThat(ours).isBetween(0.97 * knowing, 1.2 * knowing);
    }

    @Test
    void shouldKeepWhatWasPromisedOnGeneratedScenarios() {
        Shape shape = Shape.usual(8, 0.5);
        double placement = 0;
        double ours = 0;
        double fair = 0;
        for (int seed = 1; seed <= 30; seed++) {
            Scenario s = ScenarioGenerator.generate(shape, seed);
            Outcome o = play(s, Strategy.OURS);
            ours += o.meanSlowdown();
            placement += play(s, Strategy.PLACEMENT).meanSlowdown();
            fair += play(s, Strategy.FAIR).meanSlowdown();
            assertThat(o.pingPong()).isZero();
        }
        assertThat(ours).isLessThan(0.86 * placement);
        assertThat(ours).isGreaterThan(fair);
    }

    @Test
    void shouldGiveTheSameOutcomeForTheSameSeed() {
        Shape shape = Shape.usual(12, 0.7);
        Scenario a = ScenarioGenerator.generate(shape, 9);

        assertThat(ScenarioGenerator.generate(shape, 9)).isEqualTo(a);
        assertThat(play(a, Strategy.OURS)).isEqualTo(play(a, Strategy.OURS));
        Scenario read = ScenarioFile.read(ScenarioFile.write(a));
        assertThat(read.jobs()).isEqualTo(a.jobs());
        assertThat(read.nodes()).isEqualTo(a.nodes());
    }

    @Test
    void shouldOfferTheLoadThatWasAskedFor() {
        Shape shape = Shape.usual(64, 0.5);
        double offered = 0;
        double capacity = 0;
        for (int seed = 1; seed <= 20; seed++) {
            Scenario s = ScenarioGenerator.generate(shape, seed);
            offered += s.jobs().stream().mapToDouble(SimJob::work).sum();
            capacity += s.capacity() * shape.seconds();
        }
        assertThat(offered / capacity).isCloseTo(0.5, within(0.03));
    }

    @Test
    void shouldPrintATableAndWriteAReportThatNeedsNothingElse() throws IOException {
        Path html = directory.resolve("report.html");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int code =
                SimMain.run(
                        new String[] {
                            "--nodes",
                            "4",
                            "--scenarios",
                            "4",
                            "--seconds",
                            "30",
                            "--load",
                            "0.3,0.6",
                            "--html",
                            html.toString()
                        },
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        System.err);

        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("clairvoyant", "better than placement only");
        assertThat(Files.readString(html))
                .contains("<svg", "polyline", "mig is")
                .doesNotContain("<script", "src=", "href=");
    }

    @Test
    void shouldRefuseArgumentsAndRecordingsItCannotRead() throws IOException {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
        assertThat(SimMain.run(new String[] {"--nodes", "5000"}, System.out, to)).isEqualTo(2);
        assertThat(SimMain.run(new String[] {"--what"}, System.out, to)).isEqualTo(2);
        Path bad = directory.resolve("bad.toml");
        Files.writeString(bad, "versoin = 3\n");
        assertThat(SimMain.run(new String[] {"--policy", bad.toString()}, System.out, to))
                .isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("outside 1.0 to 4096.0", "usage:", "did you mean version?");
        assertThatThrownBy(() -> ScenarioFile.read(List.of("node 1 1 1", "job 0 7 1 1 true 0 0")))
                .hasMessageContaining("line 2", "home=7");
    }
}
