package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoomSignTest {
    @TempDir Path directory;

    private String[] words(Path file) throws IOException {
        return Files.readString(file).strip().split(" +");
    }

    @Test
    void shouldShowOneLineOfFixedLengthThatOnlyTheAgentWrites() throws IOException {
        Path file = directory.resolve(RoomSign.FILE);
        Files.writeString(
                file, "what an earlier agent left, and much longer than a line of ours\n");
        long before = System.nanoTime() / 1_000_000;
        try (RoomSign sign = new RoomSign(file)) {
            sign.show(RoomSign.Mode.ROOM, 3, 12345, 1);

            assertThat(words(file)).startsWith("1").endsWith("3", "12345", "1").hasSize(5);
            assertThat(Long.parseLong(words(file)[1])).isBetween(before + 3000, before + 60_000);
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-r--r--");
            long length = Files.size(file);

            sign.show(RoomSign.Mode.NONE, -1, 4_000_000, 200);

            assertThat(words(file)).startsWith("2").endsWith("0", "4000000", "200").hasSize(5);
            assertThat(Files.size(file)).isEqualTo(length);
        }
        assertThat(words(file)).containsExactly("0", "0", "0", "0", "0");
    }

    @Test
    void shouldGoOnWhenFileCannotBeWritten() {
        try (RoomSign sign = new RoomSign(directory.resolve("missing").resolve("room"))) {
            sign.show(RoomSign.Mode.NONE, 0, 0, 0);
        }
        assertThat(directory.resolve("missing")).doesNotExist();
    }
}
