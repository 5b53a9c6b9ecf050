package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HomeboundTest {
    @TempDir Path directory;

    @Test
    void shouldStayWhenOfThisNodeOrShortOrDriver() {
        assertThat(Homebound.why(Path.of("/usr/bin/ps"))).hasValueSatisfying(w -> has(w, "looks"));
        assertThat(Homebound.why(Path.of("/usr/bin/ssh"))).hasValueSatisfying(w -> has(w, "net"));
        assertThat(Homebound.why(Path.of("/usr/bin/cp"))).hasValueSatisfying(w -> has(w, "files"));
        assertThat(Homebound.why(Path.of("/bin/ls"))).hasValueSatisfying(w -> has(w, "at once"));
        assertThat(Homebound.why(Path.of("/bin/bash"))).hasValueSatisfying(w -> has(w, "starts"));
    }

    private static void has(String why, String word) {
        assertThat(why).contains(word);
    }

    @Test
    void shouldStayWhenLinkLeadsToOneThatDoes() throws IOException {
        Path real = Files.createFile(directory.resolve("vim"));
        Path link = Files.createSymbolicLink(directory.resolve("editor"), real);

        assertThat(Homebound.why(link)).isPresent();
    }

    @Test
    void shouldStayWhenItNamesWhatTalksUnlessItIsAnInterpreter() throws IOException {
        Path perl = Path.of("/usr/bin/perl");
        assumeThat(perl).exists();
        assertThat(ElfCalls.names(perl, List.of("connect"))).isTrue();
        assertThat(ElfCalls.names(perl, List.of("no such function"))).isFalse();
        Path other = Files.copy(perl, directory.resolve("fetch"));

        assertThat(Homebound.why(other)).hasValueSatisfying(w -> has(w, "network"));
        assertThat(Homebound.why(perl)).isEmpty();
    }

    @Test
    void shouldNotFailWhenFileIsBrokenOrNone() throws IOException {
        byte[] elf = Files.readAllBytes(Path.of("/proc/self/exe"));
        for (int size : new int[] {0, 3, 40, 64, 100, 700, 5000}) {
            Path broken = Files.write(directory.resolve("size" + size), Arrays.copyOf(elf, size));
            assertThat(ElfCalls.names(broken, List.of("connect"))).isFalse();
        }
        byte[] wild = Arrays.copyOf(elf, 4096);
        Arrays.fill(wild, 64, 4096, (byte) 0xff);
        assertThat(ElfCalls.names(Files.write(directory.resolve("w"), wild), List.of("connect")))
                .isFalse();
        assertThat(ElfCalls.names(directory, List.of("connect"))).isFalse();
    }

    @Test
    void shouldBeginAnywhereWhenNothingIsKnown() {
        assertThat(Homebound.why(Path.of("/usr/bin/perl"))).isEmpty();
        assertThat(Homebound.why(directory.resolve("missing"))).isEmpty();
    }
}
