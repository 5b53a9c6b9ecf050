package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.faults.FaultMatrix;
import io.mig.faults.FaultMatrix.Cell;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every fault point, from home and from a guest's node; needs root. Without {@code
 * -Dmig.faults=all} only the kind "fail": the others wait much, and are run by {@code mig faults}.
 */
@Timeout(3600)
class FaultMatrixIT {
    private static final String KINDS = System.getProperty("mig.faults", "fail");

    @Test
    void shouldRunExactlyOnceAndLeaveNothingWhateverGoesWrong() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<Cell> cells;
        try (LabDriver lab =
                new LabDriver(MoveIT.home(), "matrix" + ProcessHandle.current().pid())) {
            cells =
                    FaultMatrix.run(lab, KINDS, "", "both", out).stream()
                            .map(cell -> cell.right() ? cell : again(lab, cell, out))
                            .toList();
        }
        assertThat(cells).isNotEmpty().filteredOn(cell -> !cell.right()).isEmpty();
    }

    /** What was wrong once on a busy machine is tried once more, and said. */
    private static Cell again(LabDriver lab, Cell wrong, PrintStream out) {
        out.println("=== FLAKE? once more: " + wrong);
        return FaultMatrix.run(lab, wrong.kind(), wrong.point(), wrong.leg(), out).stream()
                .filter(cell -> cell.point().equals(wrong.point()))
                .findFirst()
                .orElse(wrong);
    }
}
