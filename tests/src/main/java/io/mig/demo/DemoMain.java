package io.mig.demo;

import io.mig.ctl.lab.LabMain;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code mig demo [WORD...]}: real programs move between three nodes of a lab while they run; what
 * they work on, and one of them with its library, exists on their home only. With words only the
 * programs whose name contains one of them; {@code mig demo balance} shows fork and forget instead.
 * Exit status 0 only if every program made all its hops and its results are those of an unmoved
 * run.
 */
public final class DemoMain {
    /** On node1 only. */
    private static final String FOLDER = "/opt/demo";

    private DemoMain() {}

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.exit(failures(List.of(args), out).isEmpty() ? 0 : 1);
    }

    /**
     * Shows the programs in a lab of its own, which is gone afterwards.
     *
     * @param words parts of names of programs; none: all of them
     * @return names of those that did not make all hops with the results of an unmoved run
     */
    public static List<String> failures(List<String> words, PrintStream out) {
        if (words.equals(List.of("balance"))) {
            return BalanceDemo.failures(out);
        }
        Path jdk = Path.of(System.getProperty("java.home"), "bin");
        List<Program> programs =
                Programs.all(jdk.resolve("java").toString()).stream()
                        .filter(p -> words.isEmpty() || words.stream().anyMatch(p.name()::contains))
                        .toList();
        List<Show.Row> rows = new ArrayList<>();
        String name = System.getenv().getOrDefault("MIG_LAB", "demo");
        try (LabDriver lab = new LabDriver(LabMain.home(), name)) {
            Thread down = Thread.ofPlatform().unstarted(lab::close);
            Runtime.getRuntime().addShutdownHook(down); // Ctrl-C leaves no lab behind
            out.println("=== three nodes on this machine");
            lab.up(3);

            out.println(lab.exec("node1", "mig", "nodes").out());
            out.println("=== scripts and data");
            Programs.prepare(lab, FOLDER, jdk.resolve("javac").toString());
            Show show = new Show(lab, FOLDER, out);
            for (Program program : programs) {
                rows.add(show.run(program));
            }
            Runtime.getRuntime().removeShutdownHook(down);
        }
        table(rows, out);
        if (rows.isEmpty()) {
            return List.of("no program has a name with one of " + words);
        }
        return rows.stream().filter(row -> !row.good()).map(Show.Row::name).toList();
    }

    private static void table(List<Show.Row> rows, PrintStream out) {
        out.printf(
                "%n%-24s %-6s %-26s %-34s %-8s %s%n",
                "PROGRAM", "HOPS", "FREEZE MS", "BYTES", "STATUS", "IDENTICAL");
        for (Show.Row row : rows) {
            String freeze =
                    String.join(
                            " ",
                            row.hops().stream().map(h -> "%.0f".formatted(h.freezeMs())).toList());
            String bytes =
                    String.join(
                            " ", row.hops().stream().map(h -> "%,d".formatted(h.bytes())).toList());
            out.printf(
                    "%-24s %-6s %-26s %-34s %-8s %s%n",
                    row.name(),
                    row.hops().size() + "/3",
                    freeze,
                    bytes,
                    row.status(),
                    row.identical() ? "yes" : "no");
            if (row.error() != null) {
                out.println("    " + row.error().replace('\n', ' '));
            }
        }
        long good = rows.stream().filter(Show.Row::good).count();
        out.printf(
                "%n%d of %d programs moved through all nodes with identical results%n",
                good, rows.size());
    }
}
