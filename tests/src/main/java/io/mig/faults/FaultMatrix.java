package io.mig.faults;

import io.mig.ctl.lab.LabMain;
import io.mig.fault.FaultKind;
import io.mig.fault.FaultPoint;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

/**
 * Makes a move go wrong at every fault point in every way and looks what is left: the program must
 * run exactly once (its numbered output has no gap and no double, and goes on), must end when it is
 * told to, and no capsule, cgroup, image or note of it may remain on any node.
 *
 * <p>Usage: {@code FaultMatrix [kind,kind...|all] [point prefix] [first|hop|both]}. Prints a table;
 * exit status 0 only if every cell is right. Cells mostly wait, so they are tried in some labs at
 * the same time ({@code MIG_FAULTS_LABS}, 3).
 */
public final class FaultMatrix {
    private final PrintStream out;
    private final Queue<Spec> specs = new ConcurrentLinkedQueue<>();
    private final List<Cell> cells = new ArrayList<>();

    private FaultMatrix(List<Spec> specs, PrintStream out) {
        this.specs.addAll(specs);
        this.out = out;
    }

    private record Spec(FaultPoint point, FaultKind kind, String leg) {}

    /** One cell and what came of it. */
    public record Cell(
            String point, String kind, String leg, String move, String verdict, long millis) {
        public boolean right() {
            return verdict.equals("ok");
        }
    }

    public static void main(String[] args) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String kinds = args.length > 0 ? args[0] : "all";
        String prefix = args.length > 1 ? args[1] : "";
        String legs = args.length > 2 ? args[2] : "both";
        String name = System.getenv().getOrDefault("MIG_LAB", "faults");
        int labs = Integer.parseInt(System.getenv().getOrDefault("MIG_FAULTS_LABS", "3"));
        List<Cell> cells = run(LabMain.home(), name, labs, kinds, prefix, legs, out);
        System.exit(!cells.isEmpty() && cells.stream().allMatch(Cell::right) ? 0 : 1);
    }

    /**
     * Runs the chosen part of the matrix in labs of three nodes, which are made for it and are gone
     * afterwards.
     *
     * @param home the folder of the {@code mig} script
     * @param name of the labs, a number is added
     * @param labs how many at the same time
     * @param kinds labels of {@link FaultKind} with commas, or {@code all}
     * @param prefix of the labels of {@link FaultPoint}
     * @param legs {@code first} (from home), {@code hop} (from a guest's node), {@code both}
     */
    public static List<Cell> run(
            Path home,
            String name,
            int labs,
            String kinds,
            String prefix,
            String legs,
            PrintStream out) {
        FaultMatrix matrix = new FaultMatrix(chosen(kinds, prefix, legs), out);
        List<LabDriver> drivers =
                IntStream.rangeClosed(1, Math.max(1, Math.min(labs, matrix.specs.size())))
                        .mapToObj(n -> new LabDriver(home, name + n))
                        .toList();
        Thread down = Thread.ofPlatform().unstarted(() -> drivers.forEach(LabDriver::close));
        Runtime.getRuntime().addShutdownHook(down); // Ctrl-C leaves no lab behind
        matrix.all(drivers);
        drivers.forEach(LabDriver::close);
        Runtime.getRuntime().removeShutdownHook(down);
        return matrix.cells;
    }

    private static List<Spec> chosen(String kinds, String prefix, String legs) {
        List<Spec> chosen = new ArrayList<>();
        for (FaultPoint point : FaultPoint.values()) {
            for (FaultKind kind : FaultKind.values()) {
                boolean wanted =
                        (kinds.equals("all")
                                        || Arrays.asList(kinds.split(",")).contains(kind.label()))
                                && point.label().startsWith(prefix);
                for (String leg : List.of("first", "hop")) {
                    boolean meets = leg.equals("first") || !point.name().startsWith("HOME_DEPUTIS");
                    if (wanted && meets && (legs.equals("both") || legs.equals(leg))) {
                        chosen.add(new Spec(point, kind, leg));
                    }
                }
            }
        }
        return chosen;
    }

    private void all(List<LabDriver> labs) {
        out.printf(
                "%-22s %-6s %-6s %-9s %7s  %s%n", "POINT", "KIND", "LEG", "MOVE", "MS", "VERDICT");
        List<CellRunner> runners = labs.stream().map(CellRunner::new).toList();
        runners.forEach(
                CellRunner::freshLab); // one after the other: it is processor time that counts
        List<CompletableFuture<Void>> done =
                runners.stream()
                        .map(
                                runner ->
                                        CompletableFuture.runAsync(
                                                () -> work(runner), Thread::startVirtualThread))
                        .toList();
        done.forEach(CompletableFuture::join);
        out.printf(
                Locale.ROOT,
                "%d cells, %d wrong%n",
                cells.size(),
                cells.stream().filter(c -> !c.right()).count());
    }

    private void work(CellRunner runner) {
        for (Spec spec = specs.poll(); spec != null; spec = specs.poll()) {
            Cell cell = runner.run(spec.point(), spec.kind(), spec.leg());
            report(cell);
            if (!cell.right()) {
                if (System.getenv("MIG_FAULTS_KEEP") != null) {
                    Runtime.getRuntime().halt(1); // the lab stays as it is, to look at
                }
                runner.freshLab(); // what it left shall not count against the next
            }
        }
    }

    private synchronized void report(Cell cell) {
        cells.add(cell);
        out.printf(
                Locale.ROOT,
                "%-22s %-6s %-6s %-9s %7d  %s%n",
                cell.point(),
                cell.kind(),
                cell.leg(),
                cell.move(),
                cell.millis(),
                cell.verdict());
    }
}
