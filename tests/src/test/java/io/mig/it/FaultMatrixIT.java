package io.mig.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.faults.FaultMatrix;
import io.mig.faults.FaultMatrix.Cell;
import io.mig.testkit.LabDriver;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every fault point with every kind of fault, from home and from a guest's node; needs root. Most
 * of its time is waiting for faults to end, so three labs work side by side.
 */
@Timeout(1800)
class FaultMatrixIT {
    private static final List<String> SHARES = List.of("fail,hang", "crash", "cut,disk");

    @Test
    void shouldRunExactlyOnceAndLeaveNothingWhateverGoesWrong() {
        assumeThat(System.getProperty("user.name")).as("a lab needs root").isEqualTo("root");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        List<Cell> cells;
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            cells =
                    SHARES.stream()
                            .map(
                                    kinds ->
                                            CompletableFuture.supplyAsync(
                                                    () -> share(kinds, out), executor))
                            .toList()
                            .stream()
                            .flatMap(share -> share.join().stream())
                            .toList();
        }
        assertThat(cells).isNotEmpty().filteredOn(cell -> !cell.right()).isEmpty();
    }

    private static List<Cell> share(String kinds, PrintStream out) {
        String name = "matrix-" + kinds.charAt(0) + ProcessHandle.current().pid();
        try (LabDriver lab = new LabDriver(MoveIT.home(), name)) {
            return FaultMatrix.run(lab, kinds, "", "both", out).stream()
                    .map(cell -> cell.right() ? cell : again(lab, cell, out))
                    .toList();
        }
    }

    /** Three labs on a small machine: what was wrong once is tried once more, and said. */
    private static Cell again(LabDriver lab, Cell wrong, PrintStream out) {
        out.println("=== FLAKE? once more: " + wrong);
        return FaultMatrix.run(lab, wrong.kind(), wrong.point(), wrong.leg(), out).stream()
                .filter(cell -> cell.point().equals(wrong.point()))
                .findFirst()
                .orElse(wrong);
    }
}
