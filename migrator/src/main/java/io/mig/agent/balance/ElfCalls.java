package io.mig.agent.balance;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Which functions of others a program of 64 bits names (elf(5), the strings of its dynamic
 * section). Stateless.
 */
final class ElfCalls {
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int MOST_PARTS = 64;
    private static final int MOST_STRINGS = 4 << 20;
    private static final int MOST_DYNAMIC = 64 << 10;
    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int DT_STRTAB = 5;
    private static final int DT_STRSZ = 10;

    private ElfCalls() {}

    /**
     * Whether a name ends with one of these; false where there are none, or the file is another
     * kind.
     */
    static boolean names(Path file, List<String> endings) {
        if (!Files.isRegularFile(file)) { // opening a FIFO would wait
            return false;
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            Optional<String> strings = strings(in);
            return strings.isPresent()
                    && endings.stream().anyMatch(e -> strings.get().contains(e + "\0"));
        } catch (IOException | IndexOutOfBoundsException e) {
            return false;
        }
    }

    private static Optional<String> strings(RandomAccessFile in) throws IOException {
        ByteBuffer head = read(in, 0, HEADER);
        boolean elf = head.getInt(0) == 0x464c457f && head.get(4) == 2 && head.get(5) == 1;
        int count = elf ? Short.toUnsignedInt(head.getShort(56)) : 0;
        if (!elf || head.getShort(54) != PROGRAM_HEADER || count > MOST_PARTS) {
            return Optional.empty();
        }
        ByteBuffer parts = read(in, head.getLong(32), count * PROGRAM_HEADER);
        for (int at = 0; at < count * PROGRAM_HEADER; at += PROGRAM_HEADER) {
            if (parts.getInt(at) == PT_DYNAMIC) {
                long size = parts.getLong(at + 32);
                if (size < 0 || size > MOST_DYNAMIC) {
                    return Optional.empty();
                }
                return strings(in, parts, read(in, parts.getLong(at + 8), (int) size));
            }
        }
        return Optional.empty();
    }

    private static Optional<String> strings(
            RandomAccessFile in, ByteBuffer parts, ByteBuffer dynamic) throws IOException {
        long table = 0;
        long size = 0;
        for (int at = 0; at + 16 <= dynamic.limit(); at += 16) {
            switch ((int) dynamic.getLong(at)) {
                case DT_STRTAB -> table = dynamic.getLong(at + 8);
                case DT_STRSZ -> size = dynamic.getLong(at + 8);
                default -> {
                    // not about strings
                }
            }
        }
        for (int at = 0; at < parts.limit(); at += PROGRAM_HEADER) {
            long into = table - parts.getLong(at + 16);
            if (parts.getInt(at) == PT_LOAD && into >= 0 && into < parts.getLong(at + 32)) {
                byte[] text =
                        bytes(in, parts.getLong(at + 8) + into, Math.clamp(size, 0, MOST_STRINGS));
                return Optional.of(new String(text, StandardCharsets.ISO_8859_1));
            }
        }
        return Optional.empty();
    }

    private static ByteBuffer read(RandomAccessFile in, long from, int size) throws IOException {
        return ByteBuffer.wrap(bytes(in, from, size)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] bytes(RandomAccessFile in, long from, int size) throws IOException {
        if (from < 0) {
            throw new IOException("offset=" + from);
        }
        byte[] bytes = new byte[size];
        in.seek(from);
        in.readFully(bytes);
        return bytes;
    }
}
