package io.mig.bench;

import io.mig.ctl.lab.LabMain;
import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * {@code mig bench}; {@link PsBench} and {@link SampleBench} measure listings and looking.
 *
 * <p>{@code mig bench migrate [RUNS [MIB...]]}: how long a process stands still while it moves,
 * next to a bare CRIU dump, copy and restore on tmpfs in the same run. Medians; writes nothing but
 * the table on stdout. {@code mig bench io}: {@link IoBench}.
 */
public final class BenchMain {
    private static final String USAGE =
            """
              mig bench migrate [RUNS [MIB...]]             how long a process stands still while it moves
              mig bench io [SIZE [RUNS]]                    files of home beside local disk and sshfs
              mig bench ps [NODES [PROCESSES [RUNS]]]       how long mig ps and mig top take
              mig bench sample [PROCESSES [SECONDS]]        what looking at processes costs an agent
            """;

    private static final String HOG =
            """
            #include <stdlib.h>
            #include <stdint.h>
            #include <unistd.h>
            int main(int argc, char **argv) {
                size_t words = (size_t)atol(argv[1]) << 17;
                uint64_t *memory = malloc(words * 8), x = 88172645463325252ull;
                for (size_t i = 0; i < words; i++) {
                    x ^= x << 13; x ^= x >> 7; x ^= x << 17;
                    memory[i] = i % 2 ? x : i; /* half of it compresses */
                }
                for (size_t i = 0;; i = (i + 4097) % words) { memory[i]++; usleep(1000); }
            }
            """;

    /** One round of dump, copy and restore; prints the milliseconds of all three together. */
    private static final String BARE =
            """
            criu=/opt/mig/criu/criu
            [ -x $criu ] || criu=criu
            rm -rf /run/bare; mkdir -p /run/bare/a
            from=${EPOCHREALTIME/./}
            $criu dump -t $1 -D /run/bare/a -o dump.log -v1 || { tail -n 3 /run/bare/a/dump.log; exit 1; }
            cp -r /run/bare/a /run/bare/b
            $criu restore -d -D /run/bare/b -o restore.log -v1 || { tail -n 3 /run/bare/b/restore.log; exit 1; }
            to=${EPOCHREALTIME/./}
            rm -rf /run/bare
            echo $(((to - from) / 1000))
            """;

    private BenchMain() {}

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        switch (args.length == 0 ? "" : args[0]) {
            case "migrate" -> {
                List<Integer> sizes =
                        args.length > 2
                                ? Arrays.stream(args).skip(2).map(Integer::valueOf).toList()
                                : List.of(1, 16, 64, 256, 1024);
                System.exit(run(number(args, 1, 10), sizes, out) ? 0 : 1);
            }
            case "ps" ->
                    inLab(
                            lab ->
                                    PsBench.run(
                                            lab,
                                            number(args, 1, 16),
                                            number(args, 2, 1000),
                                            number(args, 3, 10),
                                            out));
            case "io" ->
                    System.exit(IoBench.run(List.of(args).subList(1, args.length), out) ? 0 : 1);
            case "sample" ->
                    inLab(
                            lab ->
                                    SampleBench.run(
                                            lab, number(args, 1, 1000), number(args, 2, 30), out));
            default -> {
                System.err.println("mig bench: what? usage:\n" + USAGE);
                System.exit(2);
            }
        }
    }

    private static int number(String[] args, int at, int usual) {
        return args.length > at ? Integer.parseInt(args[at]) : usual;
    }

    private static String labName() {
        return System.getenv().getOrDefault("MIG_LAB", "bench");
    }

    private static void inLab(Predicate<LabDriver> bench) {
        boolean good;
        try (LabDriver lab = new LabDriver(LabMain.home(), labName())) {
            Thread down = Thread.ofPlatform().unstarted(lab::close);
            Runtime.getRuntime().addShutdownHook(down); // Ctrl-C leaves no lab behind
            try {
                good = bench.test(lab);
            } finally {
                Runtime.getRuntime().removeShutdownHook(down);
            }
        }
        System.exit(good ? 0 : 1);
    }

    private static boolean run(int runs, List<Integer> sizes, PrintStream out) {
        boolean good = true;
        try (LabDriver lab = new LabDriver(LabMain.home(), labName())) {
            lab.up(2);
            lab.write("node1", "/shared/hog.c", HOG);
            lab.sh("node1", "gcc -O2 -o /shared/hog /shared/hog.c").must();
            lab.write("node1", "/shared/bare.sh", BARE);
            out.println("medians of " + runs + " runs, milliseconds");
            out.printf(
                    "%8s %12s %12s %12s %14s %14s%n",
                    "MIB", "MIG FREEZE", "MIG HOME", "MIG TOTAL", "BYTES MOVED", "BARE CRIU");
            for (int size : sizes) {
                good &= line(lab, runs, size, out);
            }
            standing(lab, out);
        }
        return good;
    }

    /** What mig costs while nothing moves: the agent, and a deputy of a process that is away. */
    private static void standing(LabDriver lab, PrintStream out) {
        String pid = start(lab, 1);
        lab.json("migrate", pid, "node2");
        String agent = lab.exec("node1", "pgrep", "-o", "-f", "AgentMain").must();
        String cpu =
                "t() { set -- $(sed 's/.*) //' /proc/AGENT/stat); echo $((${12} + ${13})); };"
                        + " a=$(t); sleep 20; b=$(t); hz=$(getconf CLK_TCK);"
                        + " echo $(((b - a) * 1000 / hz / 20))";
        String perMille = lab.sh("node1", cpu.replace("AGENT", agent)).must();
        String rss = "awk '/^VmRSS/ {print $2}' /proc/PID/status";
        out.printf(
                "%nagent with one guest away: %.1f %% of a core, %s KiB resident; deputy: %s KiB resident%n",
                Integer.parseInt(perMille) / 10.0,
                lab.sh("node1", rss.replace("PID", agent)).must(),
                lab.sh("node1", rss.replace("PID", pid)).must());
        lab.sh("node1", "kill -9 " + pid);
    }

    private static boolean line(LabDriver lab, int runs, int size, PrintStream out) {
        List<Double> there = new ArrayList<>();
        List<Double> back = new ArrayList<>();
        List<Double> total = new ArrayList<>();
        List<Double> bytes = new ArrayList<>();
        List<Double> bare = new ArrayList<>();
        Map<String, List<Double>> phases = new LinkedHashMap<>();
        List<String> failures = new ArrayList<>();
        String moving = start(lab, size);
        for (int run = 0; run < runs && failures.isEmpty(); run++) {
            JsonObject first = lab.json("migrate", moving, "node2");
            JsonObject home = lab.json("home", moving);
            for (JsonObject move : List.of(first, home)) {
                if (!move.string("outcome", "").equals("moved")) {
                    failures.add(move.string("reason", "?"));
                }
            }
            for (String phase : List.of("freeze", "dump", "restore", "commit")) {
                phases.computeIfAbsent(phase, _ -> new ArrayList<>())
                        .add(first.object("phases").number(phase).orElse(Double.NaN));
            }
            there.add(first.number("freezeMs").orElse(Double.NaN));
            total.add(first.number("totalMs").orElse(Double.NaN));
            bytes.add(first.number("bytes").orElse(Double.NaN));
            back.add(home.number("freezeMs").orElse(Double.NaN));
        }
        lab.sh("node1", "kill -9 " + moving);
        String staying = start(lab, size);
        for (int run = 0; run < runs; run++) {
            LabDriver.Answer round = lab.exec("node1", "bash", "/shared/bare.sh", staying);
            if (round.status() != 0) {
                failures.add("bare CRIU: " + round.out() + round.err());
                break;
            }
            bare.add(Double.valueOf(round.out().strip()));
        }
        lab.sh("node1", "kill -9 " + staying);
        out.printf(
                "%8d %12.0f %12.0f %12.0f %14.0f %14.0f%n",
                size,
                Median.of(there),
                Median.of(back),
                Median.of(total),
                Median.of(bytes),
                Median.of(bare));
        out.println(
                "         the freeze is "
                        + phases.entrySet().stream()
                                .map(e -> "%s %.0f".formatted(e.getKey(), Median.of(e.getValue())))
                                .collect(Collectors.joining(" + ")));
        failures.forEach(f -> out.println("         failed: " + f));
        return failures.isEmpty();
    }

    /** Starts a process that holds memory, waits until it does, and returns its pid on node1. */
    private static String start(LabDriver lab, int size) {
        String pid =
                lab.sh(
                                "node1",
                                "setsid /shared/hog "
                                        + size
                                        + " </dev/null >/dev/null 2>&1 & echo $!")
                        .must();
        String full =
                "until [ $(ps -o rss= -p "
                        + pid
                        + ") -ge "
                        + size * 1024
                        + " ]; do sleep 0.05; done";
        lab.exec("node1", "timeout", "60", "bash", "-c", full).must();
        return pid;
    }
}
