package io.mig.balance.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyMainTest {
    @TempDir private Path directory;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return PolicyMain.run(
                List.of(args),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    @Test
    void shouldSayLineAndRemedyWhenAFileIsWrong() throws IOException {
        assertThat(run("check", file("p", "[automation]\nmode = \"fully\"\n"))).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("line 2").contains("full");
    }

    @Test
    void shouldTellWhatChanges() throws IOException {
        String before = file("a", "");
        String after = file("b", "[automation]\ndial = 5\n");
        assertThat(run("diff", before, after)).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("automation.dial").contains("5");
        assertThat(run("diff", after, after)).isZero();
    }

    @Test
    void shouldNameTheFileWhenThereIsNone() {
        assertThat(run("show", directory.resolve("none").toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("none");
    }

    @Test
    void shouldShowTheUsageWhenAskedForSomethingElse() {
        assertThat(run("frobnicate")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("usage: mig policy check FILE");
    }
}
