package io.mig.load;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The kernel's marks of pages that were written to (soft-dirty, bit 55 of {@code pagemap}; the
 * kernel's admin-guide/mm/soft-dirty.rst). Exact, where the kernel was built with them; the process
 * takes a fault at its first write to each page after they were cleared. Somebody else who counts
 * by these marks loses count, so CRIU's own tracking and this exclude each other.
 */
final class SoftDirtyMarks implements PageMarks {
    private static final int ENTRY = 8;

    /** Where bits 55 (soft-dirty) and 63 (present) are in a little-endian entry. */
    private static final int SOFT_DIRTY_BYTE = 6;

    private static final int PRESENT_BYTE = 7;
    private static final int CHUNK = 1 << 16;

    /** Writable address space; who has more of it is not looked at. */
    private static final long MOST_BYTES = 16L << 30;

    private final Path proc;
    private final long pageBytes;

    SoftDirtyMarks(Path proc, long pageBytes) {
        this.proc = proc;
        this.pageBytes = pageBytes;
    }

    /**
     * Whether this kernel keeps them: pages that nobody has cleared are marked, and this process
     * has written to its own.
     */
    boolean kept() {
        try {
            return marked("self", CHUNK / ENTRY) > 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public DirtyRate.Method method() {
        return DirtyRate.Method.WRITTEN;
    }

    @Override
    public void clear(int pid) throws IOException {
        PageMarks.clear(proc, pid, "4");
    }

    @Override
    public long marked(int pid) throws IOException {
        return marked(Integer.toString(pid), Long.MAX_VALUE / ENTRY);
    }

    /**
     * @param most pages of each mapping that are looked at
     */
    private long marked(String pid, long most) throws IOException {
        Path dir = proc.resolve(pid);
        String maps =
                new String(
                        Files.readAllBytes(dir.resolve("maps")), // paths are any bytes
                        StandardCharsets.ISO_8859_1);
        long pages = 0;
        long seen = 0;
        try (RandomAccessFile pagemap =
                new RandomAccessFile(dir.resolve("pagemap").toFile(), "r")) {
            for (String line : maps.split("\n")) {
                int dash = line.indexOf('-');
                int space = line.indexOf(' ');
                if (dash < 1 || space < dash || space + 2 >= line.length()) {
                    throw new IOException("no mapping: " + line);
                }
                if (line.charAt(space + 2) != 'w') {
                    continue;
                }
                long begin = Long.parseUnsignedLong(line, 0, dash, 16) / pageBytes;
                long end = Long.parseUnsignedLong(line, dash + 1, space, 16) / pageBytes;
                seen += (end - begin) * pageBytes;
                if (seen > MOST_BYTES) {
                    throw new IOException("too much address space, pid=" + pid);
                }
                pages += count(pagemap, begin, Math.min(end - begin, most));
            }
        } catch (NumberFormatException e) {
            throw new IOException("no mapping in " + dir, e);
        }
        return pages * pageBytes;
    }

    private static long count(RandomAccessFile pagemap, long first, long pages) throws IOException {
        byte[] buffer = new byte[CHUNK];
        long marked = 0;
        pagemap.seek(first * ENTRY);
        for (long left = pages * ENTRY; left > 0; ) {
            int size = pagemap.read(buffer, 0, (int) Math.min(left, CHUNK));
            if (size <= 0) {
                break; // unmapped meanwhile
            }
            for (int at = 0; at + ENTRY <= size; at += ENTRY) {
                boolean both =
                        (buffer[at + PRESENT_BYTE] & buffer[at + SOFT_DIRTY_BYTE] & 0x80) != 0;
                marked += both ? 1 : 0;
            }
            left -= size;
        }
        return marked;
    }
}
