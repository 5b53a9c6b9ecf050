package io.mig.home.journal;

import static io.mig.home.journal.JournalFixture.AWAY;
import static io.mig.home.journal.JournalFixture.HOME;
import static io.mig.home.journal.JournalFixture.intent;
import static io.mig.home.journal.JournalFixture.process;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mig.model.MoveId;
import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that is killed at any moment has kept every decision that it told anybody about. */
@Timeout(180)
class JournalCrashTest {
    private static final int ROUNDS = 6;

    @TempDir Path directory;

    @Test
    void shouldHaveEveryAcknowledgedDecisionWhenTheAgentIsKilledAtRandom() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Path file = directory.resolve("journal.db");
        List<String> acknowledged = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            acknowledged.addAll(runAndKill(file, round, 20 + random.nextInt(400)));
        }

        assertThat(acknowledged).as("seed=" + seed).hasSizeGreaterThan(ROUNDS * 10);
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            assertThat(journal.open().movedAside()).isEmpty();
            for (String line : acknowledged) {
                String[] words = line.split(" ", -1);
                assertThat(journal.decision(MoveId.parse(words[1])))
                        .as(line + " seed=" + seed)
                        .isEqualTo(Decision.valueOf(words[0]));
            }
        }
    }

    /**
     * Kills the child after so many acknowledgements; returns those that it got out before it died.
     */
    private static List<String> runAndKill(Path file, int round, int afterLines) throws Exception {
        Process child =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                file.toString(),
                                String.valueOf(round))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        List<String> lines = new ArrayList<>();
        try (BufferedReader out = child.inputReader(UTF_8)) {
            String line = out.readLine();
            while (line != null) {
                lines.add(line);
                if (lines.size() == afterLines) {
                    child.toHandle()
                            .destroyForcibly(); // SIGKILL, and leaves our end of its output open
                }
                line = out.readLine();
            }
        } finally {
            child.destroyForcibly().waitFor();
        }
        // the last line may have been cut off in the middle
        lines.removeIf(line -> line.split(" ", -1).length != 3);
        return lines;
    }

    /** Decides moves on several threads and prints each decision after the journal has returned. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            int round = Integer.parseInt(arguments[1]);
            Journal journal = new Journal(Path.of(arguments[0]), Clock.systemUTC());
            journal.open();
            PrintStream out = new PrintStream(System.out, true, UTF_8);
            ExecutorService threads = Executors.newFixedThreadPool(4);
            for (int worker = 0; worker < 4; worker++) {
                int base = 1000 + round * 1_000_000 + worker * 200_000;
                threads.execute(() -> decideForEver(journal, base, out));
            }
        }

        private static void decideForEver(Journal journal, int base, PrintStream out) {
            for (int i = 0; ; i++) {
                MoveIntent intent = intent(process(base + i), HOME, AWAY, 1);
                journal.begin(intent);
                Decision decision = i % 5 == 4 ? Decision.ABORTED : Decision.COMMITTED;
                if (decision == Decision.ABORTED) {
                    journal.abort(intent.move(), "test");
                } else {
                    journal.commit(intent.move(), List.of());
                }
                out.println(decision + " " + intent.move().value() + " .");
            }
        }
    }
}
