package io.mig.agent.balance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The architecture that a program's file asks for: of an ELF file what its header says (elf(5),
 * {@code e_machine}), of a script what its interpreter is. Stateless.
 */
final class ElfArch {
    private static final int HEAD = 256;
    private static final int MACHINE = 18;
    private static final int DATA = 5;
    private static final int BIG_ENDIAN = 2;
    private static final int MOST_INTERPRETERS = 4;

    /** Values of {@code e_machine} to names as Java has them ({@code os.arch}). */
    private static final Map<Integer, String> MACHINES =
            Map.of(
                    3, "amd64", // 32 bit: kernels of 64 bit run it
                    62, "amd64",
                    40, "arm",
                    183, "aarch64",
                    21, "ppc64le",
                    22, "s390x",
                    243, "riscv64",
                    258, "loongarch64");

    private ElfArch() {}

    /** Empty when any node will do, or nobody can tell. */
    static String of(Path program) {
        Path file = program;
        for (int i = 0; i < MOST_INTERPRETERS; i++) {
            byte[] head = head(file);
            if (head.length > MACHINE + 1 && head[0] == 0x7f && text(head, 1, 4).equals("ELF")) {
                int first = head[MACHINE] & 0xff;
                int second = head[MACHINE + 1] & 0xff;
                int machine = head[DATA] == BIG_ENDIAN ? first << 8 | second : second << 8 | first;
                return MACHINES.getOrDefault(machine, "machine-" + machine);
            }
            Optional<Path> interpreter = interpreter(head);
            if (interpreter.isEmpty()) {
                return "";
            }
            file = interpreter.get();
        }
        return "";
    }

    /** Of the line that begins with {@code #!}, see execve(2). */
    private static Optional<Path> interpreter(byte[] head) {
        String text = text(head, 0, head.length);
        if (!text.startsWith("#!")) {
            return Optional.empty();
        }
        String[] words = text.substring(2).split("\n", 2)[0].strip().split("[ \t]", 2);
        return words[0].startsWith("/") ? Optional.of(Path.of(words[0])) : Optional.empty();
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private static byte[] head(Path file) {
        if (!Files.isRegularFile(file)) { // opening a FIFO would wait
            return new byte[0];
        }
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(HEAD);
        } catch (IOException e) {
            return new byte[0]; // whoever starts it will say what is wrong
        }
    }
}
