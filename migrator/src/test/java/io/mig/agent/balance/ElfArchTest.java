package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfArchTest {
    @TempDir Path directory;

    private Path elf(String name, int data, int first, int second) throws IOException {
        byte[] head = new byte[64];
        head[0] = 0x7f;
        head[1] = 'E';
        head[2] = 'L';
        head[3] = 'F';
        head[5] = (byte) data;
        head[18] = (byte) first;
        head[19] = (byte) second;
        return Files.write(directory.resolve(name), head);
    }

    @Test
    void shouldNameTheArchitectureWhenAProgramHasAHeader() throws IOException {
        assertThat(ElfArch.of(elf("intel", 1, 62, 0))).isEqualTo("amd64");
        assertThat(ElfArch.of(elf("old", 1, 3, 0))).isEqualTo("amd64");
        assertThat(ElfArch.of(elf("arm", 1, 183, 0))).isEqualTo("aarch64");
        assertThat(ElfArch.of(elf("big", 2, 0, 22))).isEqualTo("s390x");
        assertThat(ElfArch.of(elf("odd", 1, 0x34, 0x12))).isEqualTo("machine-" + 0x1234);
    }

    @Test
    void shouldFollowInterpretersWhenAProgramIsAScript() throws IOException {
        Path arm = elf("python", 1, 183, 0);
        Path script = directory.resolve("script");
        Files.writeString(script, "#! " + arm + " -u\nprint(1)\n");
        Path outer = Files.writeString(directory.resolve("outer"), "#!" + script + "\n");

        assertThat(ElfArch.of(outer)).isEqualTo("aarch64");
    }

    @Test
    void shouldAskForNothingWhenNobodyCanTell() throws IOException {
        Path self = directory.resolve("self");
        Files.writeString(self, "#!" + self + "\n");

        assertThat(ElfArch.of(self)).isEmpty();
        assertThat(ElfArch.of(directory.resolve("absent"))).isEmpty();
        assertThat(ElfArch.of(directory)).isEmpty();
        assertThat(ElfArch.of(Files.writeString(directory.resolve("text"), "echo"))).isEmpty();
        assertThat(ElfArch.of(Files.writeString(directory.resolve("bare"), "#!"))).isEmpty();
    }
}
