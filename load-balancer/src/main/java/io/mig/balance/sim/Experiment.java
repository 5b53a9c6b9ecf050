package io.mig.balance.sim;

import io.mig.balance.policy.BirthRules;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.Link;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongFunction;

/** Plays all scenarios with all strategies, one series after the other. */
final class Experiment {
    /** Beyond this those take too long that look at all jobs or nodes at each event. */
    private static final int MOST_FOR_CLAIRVOYANT = 256;

    private final SimOptions options;
    private final Policy policy;
    private final Consumer<Series> listener;

    /**
     * @param listener told each series as it is done
     */
    Experiment(SimOptions options, Policy policy, Consumer<Series> listener) {
        this.options = options;
        this.policy = policy;
        this.listener = listener;
    }

    List<Series> generated() {
        List<Series> all = new ArrayList<>();
        for (double load : options.loads()) {
            Shape shape = options.shape(load);
            all.addAll(
                    played(
                            load,
                            options.scenarios(),
                            i -> ScenarioGenerator.generate(shape, options.seed() + i)));
        }
        return all;
    }

    List<Series> replayed(Scenario scenario) {
        return played(0, 1, _ -> scenario);
    }

    private List<Series> played(double load, int count, LongFunction<Scenario> scenarios) {
        Physics physics =
                new Physics(
                        1,
                        options.look(),
                        new Link(options.lineBytesPerSecond(), 0.2, options.live()));
        List<Series> all = new ArrayList<>();
        for (Strategy strategy : Strategy.values()) {
            boolean dear = strategy == Strategy.CLAIRVOYANT || strategy == Strategy.KNOWING;
            if (!dear || options.nodes() <= MOST_FOR_CLAIRVOYANT) {
                all.add(
                        series(
                                strategy.words(),
                                load,
                                count,
                                i ->
                                        Laboratory.play(
                                                scenarios.apply(i), strategy, policy, physics)));
            }
        }
        if (options.floor()) {
            Physics quick = new Physics(0.05, 0.05, physics.line());
            Policy free =
                    policy.withBirth(
                            new BirthRules(
                                    policy.birth().place(),
                                    Duration.ZERO,
                                    policy.birth().expectedWork(),
                                    policy.birth().minimumImprovement()));
            all.add(
                    series(
                            "mig, starting away is free",
                            load,
                            count,
                            i ->
                                    Laboratory.play(
                                            scenarios.apply(i), Strategy.OURS, free, physics)));
            all.add(
                    series(
                            "mig, that and news every 50 ms",
                            load,
                            count,
                            i -> Laboratory.play(scenarios.apply(i), Strategy.OURS, free, quick)));
        }
        return all;
    }

    private Series series(String label, double load, int count, LongFunction<Outcome> play) {
        long begin = System.nanoTime();
        List<Double> slowdowns = new ArrayList<>(count);
        double p95 = 0;
        long jobs = 0;
        long away = 0;
        long moves = 0;
        long pingPong = 0;
        int most = 0;
        for (int i = 0; i < count; i++) {
            Outcome o = play.apply(i);
            slowdowns.add(o.meanSlowdown());
            p95 += o.percentile95() / count;
            jobs += o.jobs();
            away += o.bornAway();
            moves += o.moves();
            pingPong += o.pingPong();
            most = Math.max(most, o.mostMoves());
        }
        Series series =
                new Series(
                        label,
                        load,
                        slowdowns,
                        p95,
                        jobs,
                        away,
                        moves,
                        pingPong,
                        most,
                        (System.nanoTime() - begin) / 1e9);
        listener.accept(series);
        return series;
    }
}
