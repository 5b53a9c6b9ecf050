package io.mig.checkpoint.criu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class CriuLogTest {
    private static final String RLIMIT =
            "Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted";

    @Test
    void shouldQuoteFirstErrorWithItsNeighboursWhenLogHasOne() {
        List<String> excerpt =
                CriuLog.excerpt(
                        List.of(
                                "(00.001) one",
                                RLIMIT,
                                "(00.002) two",
                                "(00.003) three",
                                "(00.004) four",
                                "(00.005)    77: Error (criu/files.c:1): cannot",
                                "(00.006) noise",
                                "Warn  (criu/x.c:2): careful",
                                "Error (criu/cr-dump.c:3): Dumping FAILED."));

        assertThat(excerpt)
                .containsExactly(
                        "(00.002) two",
                        "(00.003) three",
                        "(00.004) four",
                        "(00.005)    77: Error (criu/files.c:1): cannot",
                        "Warn  (criu/x.c:2): careful",
                        "Error (criu/cr-dump.c:3): Dumping FAILED.");
        assertThat(CriuLog.firstError(excerpt)).contains("cannot");
    }

    @Test
    void shouldStayShortWhenLogIsLongOrMissingOrFine() {
        assertThat(CriuLog.excerpt(Collections.nCopies(1000, "Error (a.c:1): " + "x".repeat(5000))))
                .hasSize(CriuLog.MAX_LINES)
                .allMatch(line -> line.length() < 500);
        assertThat(CriuLog.excerpt(List.of("fine", RLIMIT))).isEmpty();
        assertThat(CriuLog.excerpt(Path.of("/nonexistent/log"))).isEmpty();
    }
}
