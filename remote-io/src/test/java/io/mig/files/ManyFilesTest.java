package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * More files than we want to remember. {@code -Dmig.files.many=1000000} makes it a directory of a
 * million. Root and FUSE.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class ManyFilesTest {
    private static final int FILES = Integer.getInteger("mig.files.many", 60_000);
    private static final int BOUND = 45_000;
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    @TempDir Path directory;

    @Test
    void shouldRememberFewWhenManyAreWalked() throws IOException {
        try (Lab lab = Lab.in(directory)) {
            Guest guest = lab.mount(LabTree.AWAY);
            lab.atHome()
                    .sh(
                            "mkdir many && cd many && seq " + FILES + " | xargs -n 5000 touch",
                            PATIENCE)
                    .ok();

            long begun = System.nanoTime();
            String found = guest.sh("find many -type f -size 0 | wc -l", PATIENCE).ok();
            System.out.printf(
                    "walked files=%d in %d ms, inodes=%d%n",
                    FILES, (System.nanoTime() - begun) / 1_000_000, lab.tree(0).stats().inodes());

            assertThat(found.strip()).isEqualTo(String.valueOf(FILES));
            Awaitility.await()
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> lab.tree(0).stats().inodes() < BOUND);
            // what was let go is found again
            assertThat(guest.sh("cd many && touch 1 && stat -c %s 1 2 " + FILES).ok())
                    .isEqualTo("0\n0\n0\n");
        }
    }
}
