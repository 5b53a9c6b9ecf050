package io.mig.files;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** The C programs of {@code src/test/c}, compiled into a directory. */
final class Compiled {
    private Compiled() {}

    /** Skips the test, saying so, where there is no compiler. */
    static Path program(Path directory, String name) {
        Path source = Path.of("src/test/c", name + ".c");
        boolean gcc = Files.exists(Path.of("/usr/bin/gcc"));
        if (!gcc) {
            System.err.println("SKIPPED: no /usr/bin/gcc to compile " + source);
        }
        assumeTrue(gcc, "needs gcc");
        Path program = directory.resolve(name);
        Guest.await(
                        List.of(
                                "gcc",
                                "-std=gnu17",
                                "-O2",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "-o",
                                program.toString(),
                                source.toString()),
                        Duration.ofSeconds(60))
                .ok();
        return program;
    }
}
