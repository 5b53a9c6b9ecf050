package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One line of {@code /proc/locks} (proc_locks(5)).
 *
 * @param type FLOCK, POSIX, OFDLCK or LEASE (DELEG for delegations)
 * @param waiting this entry waits for a lock that another one holds
 * @param pid holder as the reader's pid namespace sees it, -1 for open file description locks, 0
 *     for a holder in a namespace that the reader cannot see
 * @param file identity of the locked file; the device is the one of the file system's superblock,
 *     which some file systems (btrfs, overlayfs) do not show in stat(2)
 */
public record LockFacts(
        String type, boolean waiting, String access, int pid, FileId file, String range) {

    public boolean lease() {
        return type.equals("LEASE") || type.equals("DELEG");
    }

    public static List<LockFacts> parseAll(List<String> lines) {
        List<LockFacts> locks = new ArrayList<>();
        for (String line : lines) {
            parse(line).ifPresent(locks::add);
        }
        return locks;
    }

    /** Empty when the line is not understood. */
    public static Optional<LockFacts> parse(String line) {
        List<String> words = new ArrayList<>(Text.words(line));
        if (words.isEmpty() || !words.getFirst().endsWith(":")) {
            return Optional.empty();
        }
        words.removeFirst();
        boolean waiting = !words.isEmpty() && words.getFirst().equals("->");
        if (waiting) {
            words.removeFirst();
        }
        if (words.size() < 5) {
            return Optional.empty();
        }
        List<String> file = List.of(words.get(4).split(":", -1));
        if (file.size() != 3) {
            return Optional.empty();
        }
        long major = Text.hex(file.get(0), -1);
        long minor = Text.hex(file.get(1), -1);
        long ino = Text.decimal(file.get(2), -1);
        if (major < 0 || minor < 0 || ino < 0) {
            return Optional.empty();
        }
        String range = words.size() >= 7 ? words.get(5) + "-" + words.get(6) : "";
        return Optional.of(
                new LockFacts(
                        words.get(0),
                        waiting,
                        words.get(2),
                        Text.intOf(words.get(3), -1),
                        new FileId(FileStat.makedev(major, minor), ino),
                        range));
    }
}
