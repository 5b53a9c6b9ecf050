package io.mig.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.ctl.command.Verbs;
import io.mig.ctl.render.Screen;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What bash offers after {@code source <(mig completion)}, asked of a real bash. */
class CompletionTest {
    private static final Path BASH = Path.of("/bin/bash");

    /** Completes the last of its words as bash would at the Tab key, one answer per line. */
    private static final String COMPLETE =
            """
            source "$1" || exit 9
            compopt() { :; } # works only while Tab is really pressed
            while read -r -a COMP_WORDS; do
                [ "${COMP_WORDS[-1]}" != . ] || COMP_WORDS[-1]=
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
                function=$(complete -p mig); function=${function#*-F }; ${function%% *}
                echo "${COMPREPLY[*]}"
            done
            """;

    @TempDir private Path directory;

    @Test
    void shouldOfferEachVerbAndItsOptionsWhenTabIsPressed() throws Exception {
        assumeThat(BASH).as("needs bash").isExecutable();
        StringBuilder asked = new StringBuilder("mig .\n");
        for (String verb : Verbs.NAMES) {
            asked.append("mig ").append(verb.substring(0, verb.length() - 1)).append('\n');
            asked.append("mig ").append(verb).append(" --\n");
        }

        List<String> offered = complete(asked.toString());

        assertThat(offered).hasSize(1 + 2 * Verbs.NAMES.size());
        assertThat(offered.getFirst().split(" ")).contains(Verbs.NAMES.toArray(String[]::new));
        for (int i = 0; i < Verbs.NAMES.size(); i++) {
            String verb = Verbs.NAMES.get(i);
            assertThat(offered.get(1 + 2 * i).split(" ")).as(verb).contains(verb);
            assertThat(offered.get(2 + 2 * i)).as("options of %s", verb).isNotNull();
        }
        assertThat(offered.get(2 + 2 * Verbs.NAMES.indexOf("ps"))).contains("--json");
        assertThat(offered.get(2 + 2 * Verbs.NAMES.indexOf("drain"))).contains("--deadline");
        assertThat(offered.get(2 + 2 * Verbs.NAMES.indexOf("record"))).contains("--for");
    }

    private List<String> complete(String asked) throws IOException, InterruptedException {
        ByteArrayOutputStream script = new ByteArrayOutputStream();
        Screen screen = Screen.plain(new PrintStream(script, true, UTF_8));
        assertThat(new MigCli(screen, screen, Map.of()).run("completion")).isEqualTo(ExitCode.OK);
        Path file = Files.write(directory.resolve("completion"), script.toByteArray());
        Path words = Files.writeString(directory.resolve("words"), asked);
        Process bash =
                new ProcessBuilder(
                                BASH.toString(), "--norc", "-c", COMPLETE, "bash", file.toString())
                        .redirectInput(words.toFile())
                        .redirectErrorStream(true)
                        .start();
        String out = new String(bash.getInputStream().readAllBytes(), UTF_8);
        assertThat(bash.waitFor()).as(out).isZero();
        return out.lines().toList();
    }
}
