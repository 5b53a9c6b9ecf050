package io.mig.balance.view;

import java.util.Set;
import java.util.TreeSet;

/**
 * What programs may depend on.
 *
 * @param arch as {@code x86_64}; empty when it does not matter
 * @param cpuFlags names of {@code /proc/cpuinfo}; of a node: has; of a process: needs
 * @param criuVersion images move only between equal versions; empty when it does not matter
 */
public record Features(String arch, Set<String> cpuFlags, String criuVersion) {
    /** Needs nothing. */
    public static final Features NONE = new Features("", Set.of(), "");

    public Features {
        cpuFlags = Set.copyOf(cpuFlags);
    }

    /** What of {@code needed} is missing here, for people; empty when nothing is. */
    public String missing(Features needed) {
        if (!needed.arch.isEmpty() && !needed.arch.equals(arch)) {
            return "architecture " + needed.arch + " (has " + arch + ")";
        }
        if (!needed.criuVersion.isEmpty() && !needed.criuVersion.equals(criuVersion)) {
            return "CRIU " + needed.criuVersion + " (has " + criuVersion + ")";
        }
        if (cpuFlags.containsAll(needed.cpuFlags)) {
            return "";
        }
        TreeSet<String> gone = new TreeSet<>(needed.cpuFlags);
        gone.removeAll(cpuFlags);
        return "CPU features " + String.join(" ", gone);
    }
}
