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

/** Every fault point with every kind of fault; needs root and a lab of its own. */
@Timeout(1800)
class FaultMatrixIT {
    @Test
    void shouldRunExactlyOnceAndLeaveNothingWhateverGoesWrong() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<Cell> cells;
        try (LabDriver lab =
                new LabDriver(MoveIT.home(), "matrix" + ProcessHandle.current().pid())) {
            cells = FaultMatrix.run(lab, "all", "", "both", out);
        }
        assertThat(cells).isNotEmpty().filteredOn(cell -> !cell.right()).isEmpty();
    }
}
