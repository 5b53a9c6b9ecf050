package io.mig.balance.sim;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of the simulator.
 *
 * @param live whether memory is copied while programs run; agents copy it while they stand still
 * @param floor whether to play also without the costs and delays of reality, to see what they cost
 */
record SimOptions(
        int nodes,
        int scenarios,
        long seed,
        List<Double> loads,
        double seconds,
        double batch,
        double forked,
        double spread,
        double lineBytesPerSecond,
        double look,
        boolean live,
        boolean floor,
        Optional<Path> policy,
        Optional<Path> replay,
        Optional<Path> html) {
    static final String USAGE =
            """
            usage: mig sim [--nodes N] [--scenarios N] [--seed N] [--load L[,L...]] [--seconds S]
                           [--batch MEAN] [--forked SHARE] [--spread RATIO] [--line BYTES_PER_S] [--look S]
                           [--policy FILE] [--replay FILE] [--live] [--floor] [--html FILE]
              --nodes      4 to 4096; 8
              --scenarios  generated ones; 100
              --seed       of the first; the others follow; 1
              --load       offered work as a share of what the processors can do; 0.5
              --seconds    in which programs are started; 300
              --batch      programs started together, on average; 4
              --forked     share of processes that are mere forks, which nothing can place; 0.3
              --spread     speed of the fastest over that of the slowest node; 1.5
              --line       between two nodes; 1.1e9 (ten gigabits per second)
              --look       time between two looks of a node that is too full; 0.25
              --policy     policy file for placement and mig; the usual policy
              --replay     a recorded scenario instead of generated ones
              --live       memory is copied while programs run (pre-copy), as agents cannot do yet
              --floor      also without start cost, and with news twenty times as often
              --html       report with plots
            """;

    static SimOptions parse(String... args) {
        Map<String, String> given = new HashMap<>();
        List<String> names =
                new ArrayList<>(
                        List.of(
                                "nodes",
                                "scenarios",
                                "seed",
                                "load",
                                "seconds",
                                "batch",
                                "forked",
                                "spread",
                                "line",
                                "look",
                                "policy",
                                "replay",
                                "html"));
        for (int i = 0; i < args.length; i++) {
            String name = args[i].startsWith("--") ? args[i].substring(2) : "";
            if (name.equals("floor") || name.equals("live")) {
                given.put(name, "true");
            } else if (names.contains(name) && i + 1 < args.length) {
                given.put(name, args[++i]);
            } else {
                throw new IllegalArgumentException(
                        "argument " + args[i] + " is not understood\n" + USAGE);
            }
        }
        SimOptions options =
                new SimOptions(
                        Integer.parseInt(given.getOrDefault("nodes", "8")),
                        Integer.parseInt(given.getOrDefault("scenarios", "100")),
                        Long.parseLong(given.getOrDefault("seed", "1")),
                        Arrays.stream(given.getOrDefault("load", "0.5").split(",", -1))
                                .map(Double::valueOf)
                                .toList(),
                        Double.parseDouble(given.getOrDefault("seconds", "300")),
                        Double.parseDouble(given.getOrDefault("batch", "4")),
                        Double.parseDouble(given.getOrDefault("forked", "0.3")),
                        Double.parseDouble(given.getOrDefault("spread", "1.5")),
                        Double.parseDouble(given.getOrDefault("line", "1.1e9")),
                        Double.parseDouble(given.getOrDefault("look", "0.25")),
                        given.containsKey("live"),
                        given.containsKey("floor"),
                        Optional.ofNullable(given.get("policy")).map(Path::of),
                        Optional.ofNullable(given.get("replay")).map(Path::of),
                        Optional.ofNullable(given.get("html")).map(Path::of));
        options.check();
        return options;
    }

    private void check() {
        range("nodes", nodes, 1, 4096);
        range("scenarios", scenarios, 1, 100_000);
        range("seconds", seconds, 1, 100_000);
        range("batch", batch, 1, 1000);
        range("forked", forked, 0, 1);
        range("spread", spread, 1, 100);
        range("look", look, 0.01, 10);
        range("line", lineBytesPerSecond, 1e5, 1e12);
        loads.forEach(load -> range("load", load, 0.01, 1.5));
    }

    private static void range(String name, double value, double least, double most) {
        if (!(value >= least && value <= most)) {
            throw new IllegalArgumentException(
                    "--" + name + " " + value + " is outside " + least + " to " + most);
        }
    }

    Shape shape(double load) {
        Shape usual = Shape.usual(nodes, load);
        return new Shape(
                nodes,
                load,
                seconds,
                batch,
                forked,
                usual.shortest(),
                usual.longest(),
                usual.tail(),
                usual.heavyShare(),
                spread);
    }
}
