package io.mig.migration.home;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * As whom a process touches files: what proc_pid_status(5) tells of it.
 *
 * @param uids it can act as: real, effective, saved, file system
 * @param gids likewise
 * @param groups supplementary ones
 * @param any it may become whom it likes (CAP_SETUID)
 */
record FileIdentity(
        int fileUid,
        int fileGid,
        Set<Integer> uids,
        Set<Integer> gids,
        List<Integer> groups,
        boolean any) {
    private static final int CAP_SETUID = 7;
    private static final int FILE_SYSTEM = 3;

    FileIdentity {
        uids = Set.copyOf(uids);
        gids = Set.copyOf(gids);
        groups = List.copyOf(groups);
    }

    /**
     * @throws IllegalArgumentException when that is no such text
     */
    static FileIdentity parse(String status) {
        List<Integer> uids = List.of();
        List<Integer> gids = List.of();
        List<Integer> groups = List.of();
        boolean any = false;
        for (String line : status.lines().toList()) {
            int colon = line.indexOf(':');
            String value = colon < 0 ? "" : line.substring(colon + 1).strip();
            switch (colon < 0 ? "" : line.substring(0, colon)) {
                case "Uid" -> uids = numbers(value);
                case "Gid" -> gids = numbers(value);
                case "Groups" -> groups = numbers(value);
                case "CapPrm" -> any = (Long.parseUnsignedLong(value, 16) >> CAP_SETUID & 1) == 1;
                default -> {
                    // not about identity
                }
            }
        }
        if (uids.size() <= FILE_SYSTEM || gids.size() <= FILE_SYSTEM) {
            throw new IllegalArgumentException("status without Uid or Gid: a process that ends");
        }
        return new FileIdentity(
                uids.get(FILE_SYSTEM),
                gids.get(FILE_SYSTEM),
                new HashSet<>(uids),
                new HashSet<>(gids),
                groups,
                any);
    }

    /** Group that new files get when the process says it has this one. */
    int gid(int claimed) {
        return gids.contains(claimed) || groups.contains(claimed) ? claimed : fileGid;
    }

    private static List<Integer> numbers(String text) {
        List<Integer> numbers = new ArrayList<>();
        for (String word : text.split("\\s+")) {
            if (!word.isEmpty()) {
                numbers.add(Integer.parseUnsignedInt(word));
            }
        }
        return numbers;
    }
}
