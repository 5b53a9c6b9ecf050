package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.faults.FaultMatrix;
import io.mig.faults.FaultMatrix.Cell;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every fault point with every kind of fault; needs root. From home all kinds, from a guest's node
 * "fail" and "crash": the others mostly wait. {@code -Dmig.faults=KINDS} tries these kinds from
 * both, {@code all} everything.
 */
@Timeout(3600)
class FaultMatrixIT {
    private static final int LABS = 3;
    private static final Optional<String> KINDS =
            Optional.ofNullable(System.getProperty("mig.faults"));

    @Test
    void shouldRunExactlyOnceAndLeaveNothingWhateverGoesWrong() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<Cell> cells =
                KINDS
                        .map(kinds -> run(LABS, kinds, "", "both", out))
                        .orElseGet(() -> usual(out))
                        .stream()
                        .map(cell -> cell.right() ? cell : again(cell, out))
                        .toList();
        assertThat(cells).isNotEmpty().filteredOn(cell -> !cell.right()).isEmpty();
    }

    private static List<Cell> usual(PrintStream out) {
        List<Cell> cells = new ArrayList<>(run(LABS, "fail,crash", "", "both", out));
        cells.addAll(run(LABS, "hang,cut,disk", "", "first", out));
        return cells;
    }

    /** What was wrong once on a busy machine is tried once more, and said. */
    private static Cell again(Cell wrong, PrintStream out) {
        out.println("=== FLAKE? once more: " + wrong);
        return run(1, wrong.kind(), wrong.point(), wrong.leg(), out).stream()
                .filter(cell -> cell.point().equals(wrong.point()))
                .findFirst()
                .orElse(wrong);
    }

    private static List<Cell> run(
            int labs, String kinds, String prefix, String leg, PrintStream out) {
        String name = "matrix" + ProcessHandle.current().pid() + "x";
        return FaultMatrix.run(Counters.home(), name, labs, kinds, prefix, leg, out);
    }
}
