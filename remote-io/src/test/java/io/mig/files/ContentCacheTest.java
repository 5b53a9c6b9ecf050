package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.files.client.ContentCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that were on a host before are not sent again. */
@Timeout(120)
class ContentCacheTest {
    private static final int BYTES = 1_500_000;

    @TempDir Path directory;

    private Path program(Lab lab, String name, int seed) throws IOException {
        byte[] bytes = new byte[BYTES];
        new Random(seed).nextBytes(bytes);
        Path file = Files.write(lab.root().resolve(name), bytes);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private List<Path> kept() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("cache"))) {
            return files.filter(f -> !f.toString().endsWith(".part")).toList();
        }
    }

    private void readUntilKept(Guest guest, String name, int files) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(
                        () -> {
                            guest.sh("cat " + name + " >/dev/null").ok();
                            return kept().size() == files;
                        });
    }

    @Test
    void shouldAskHomeForNoByteWhenContentsWereHereBefore() throws IOException {
        try (ContentCache cache = ContentCache.in(directory.resolve("cache"), 1 << 30);
                Lab lab = Lab.in(directory)) {
            program(lab, "program", 1);
            readUntilKept(lab.mount(LabTree.AWAY, cache), "program", 1);

            Guest second = lab.mount(Lab.OTHER, cache);
            String sum = second.sh("sha256sum <program").ok();

            assertThat(sum).isEqualTo(lab.atHome().sh("sha256sum <program").ok());
            assertThat(kept().getFirst().getFileName().toString()).isEqualTo(sum.substring(0, 64));
            assertThat(lab.tree(1).stats().total().bytesRead()).isZero();
            assertThat(cache.served()).isGreaterThanOrEqualTo(BYTES);

            lab.atHome().sh("printf changed | dd of=program conv=notrunc 2>/dev/null").ok();
            assertThat(second.sh("sha256sum <program").ok())
                    .isEqualTo(lab.atHome().sh("sha256sum <program").ok())
                    .isNotEqualTo(sum);
        }
    }

    @Test
    void shouldReadWhatAnotherGuestOfTheSameHostHasWritten() throws IOException {
        try (ContentCache cache = ContentCache.in(directory.resolve("cache"), 1 << 30);
                Lab lab = Lab.in(directory)) {
            program(lab, "program", 4);
            readUntilKept(lab.mount(LabTree.AWAY, cache), "program", 1);

            Guest second = lab.mount(Lab.OTHER, cache);
            String seen =
                    second.sh(
                                    "exec 3<program; head -c 4096 <&3 >/dev/null;"
                                            + " printf changed | dd of=program bs=1 seek=1000000 conv=notrunc 2>/dev/null;"
                                            + " tail -c +995905 <&3 | head -c 7")
                            .ok();

            assertThat(seen).isEqualTo("changed");
        }
    }

    @Test
    void shouldKeepNothingOfWhatNotEverybodyMayRead() throws IOException {
        try (ContentCache cache = ContentCache.in(directory.resolve("cache"), 1 << 30);
                Lab lab = Lab.in(directory)) {
            Path secret = program(lab, "secret", 2);
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rwxr-x---"));
            program(lab, "program", 3);
            Guest guest = lab.mount(LabTree.AWAY, cache);
            for (int i = 0; i < 3; i++) {
                guest.sh("cat secret >/dev/null").ok();
            }
            readUntilKept(guest, "program", 1);

            String hash = lab.atHome().sh("sha256sum <secret").ok().substring(0, 64);
            assertThat(kept()).extracting(f -> f.getFileName().toString()).doesNotContain(hash);
        }
    }

    @Test
    void shouldThrowOldestAwayWhenLimitIsReached() throws IOException {
        try (ContentCache cache = ContentCache.in(directory.resolve("cache"), 2L * BYTES);
                Lab lab = Lab.in(directory)) {
            Guest guest = lab.mount(LabTree.AWAY, cache);
            program(lab, "one", 1);
            program(lab, "two", 2);
            program(lab, "three", 3);
            readUntilKept(guest, "one", 1);
            Path first = kept().getFirst();
            readUntilKept(guest, "two", 2);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(
                            () -> {
                                guest.sh("cat three >/dev/null").ok();
                                return !kept().contains(first) && kept().size() == 2;
                            });
        }
    }
}
