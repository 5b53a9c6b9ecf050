package io.mig.checkpoint.proc;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Reads single files, links and folders below a {@code /proc} (or a copy of one in a test).
 * Whatever cannot be read is empty: the process has ended, or never had it.
 */
final class ProcReader {
    private static final String STAT = "unix:dev,ino,mode,nlink,uid,gid,rdev,size,lastModifiedTime";

    private static final int FIRST_BYTES = 1024;

    private final Path root;

    ProcReader(Path root) {
        this.root = root;
    }

    Path path(String name) {
        return root.resolve(name);
    }

    /**
     * A whole file. By a plain stream: a channel costs several times as much, and the balancer
     * reads a thousand of these files in a second.
     */
    Optional<byte[]> bytes(String name) {
        byte[] bytes = new byte[FIRST_BYTES];
        int size = 0;
        try (FileInputStream in = new FileInputStream(root + "/" + name)) {
            for (int n = 0; n >= 0; n = in.read(bytes, size, bytes.length - size)) {
                size += n;
                if (size == bytes.length) {
                    bytes = Arrays.copyOf(bytes, 4 * size);
                }
            }
            return Optional.of(Arrays.copyOf(bytes, size));
        } catch (IOException | SecurityException e) {
            return Optional.empty();
        }
    }

    Optional<String> text(String name) {
        return bytes(name).map(Text::utf8);
    }

    List<String> lines(String name) {
        return bytes(name).map(Text::lines).orElse(List.of());
    }

    /** At most {@code count} bytes of the beginning of a file. */
    byte[] head(Path file, int count) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(count);
        } catch (IOException e) {
            return new byte[0];
        }
    }

    Optional<String> link(String name) {
        return link(path(name));
    }

    static Optional<String> link(Path path) {
        try {
            return Optional.of(Files.readSymbolicLink(path).toString());
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    Optional<FileStat> stat(String name) {
        return stat(path(name));
    }

    /**
     * stat(2), which follows links: for the magic links of {@code /proc} it describes the open file
     * itself.
     */
    static Optional<FileStat> stat(Path path, LinkOption... options) {
        try {
            Map<String, Object> a = Files.readAttributes(path, STAT, options);
            return Optional.of(
                    new FileStat(
                            number(a, "dev"),
                            number(a, "ino"),
                            (int) number(a, "mode"),
                            (int) number(a, "nlink"),
                            (int) number(a, "uid"),
                            (int) number(a, "gid"),
                            number(a, "rdev"),
                            number(a, "size"),
                            a.get("lastModifiedTime") instanceof FileTime t
                                    ? t.to(TimeUnit.NANOSECONDS)
                                    : 0));
        } catch (IOException | SecurityException e) {
            return Optional.empty();
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number n ? n.longValue() : 0;
    }

    /** Entries of a folder whose names are numbers, ascending. */
    List<Integer> numbers(String folder) {
        String[] names = new File(root + "/" + folder).list();
        if (names == null) {
            return List.of();
        }
        List<Integer> numbers = new ArrayList<>(names.length);
        for (String name : names) {
            if (!name.isEmpty() && Character.isDigit(name.charAt(0))) {
                int n = Text.intOf(name, -1);
                if (n >= 0) {
                    numbers.add(n);
                }
            }
        }
        numbers.sort(null);
        return numbers;
    }
}
