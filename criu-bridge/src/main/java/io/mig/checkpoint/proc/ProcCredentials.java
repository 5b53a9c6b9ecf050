package io.mig.checkpoint.proc;

import java.util.HashSet;
import java.util.Set;

/**
 * Who a process is and may become, from {@code /proc/PID/status} (credentials(7), capabilities(7)).
 *
 * @param uids real, effective, saved and file system uid
 * @param gids likewise, and the supplementary groups
 * @param capabilities every capability it holds or could take back, as a mask
 */
public record ProcCredentials(Set<Integer> uids, Set<Integer> gids, long capabilities) {
    private static final int CAP_SETUID = 7;

    public ProcCredentials {
        uids = Set.copyOf(uids);
        gids = Set.copyOf(gids);
    }

    /** Missing lines count as nothing. */
    public static ProcCredentials parse(String status) {
        Set<Integer> uids = new HashSet<>();
        Set<Integer> gids = new HashSet<>();
        long capabilities = 0;
        for (String line : status.lines().toList()) {
            int colon = line.indexOf(':');
            String value = colon < 0 ? "" : line.substring(colon + 1).strip();
            switch (colon < 0 ? "" : line.substring(0, colon)) {
                case "Uid" -> ids(value, uids);
                case "Gid", "Groups" -> ids(value, gids);
                case "CapInh", "CapPrm", "CapEff", "CapAmb" -> capabilities |= Text.hex(value, 0);
                default -> {
                    // not about identity
                }
            }
        }
        return new ProcCredentials(uids, gids, capabilities);
    }

    /** May become any user. */
    public boolean mayChangeIdentity() {
        return (capabilities >> CAP_SETUID & 1) == 1;
    }

    private static void ids(String value, Set<Integer> into) {
        for (String word : value.split("\\s+")) {
            if (!word.isEmpty()) {
                into.add(Integer.parseUnsignedInt(word));
            }
        }
    }
}
