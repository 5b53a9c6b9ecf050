package io.mig.checkpoint.proc;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What of a machine decides whether a process can run on it.
 *
 * @param kernel release as uname(2) has it, e.g. {@code 6.18.4-amd64}
 * @param cpuFlags names of {@code /proc/cpuinfo} that every CPU has
 * @param memoryAvailableBytes the kernel's estimate of what can be used without swapping
 */
public record MachineFacts(String kernel, Set<String> cpuFlags, long memoryAvailableBytes) {
    public MachineFacts {
        cpuFlags = Set.copyOf(cpuFlags);
    }

    /** The intersection over all CPUs: a process may be scheduled on any of them. */
    static Set<String> cpuFlags(List<String> cpuinfo) {
        Set<String> common = null;
        for (String line : cpuinfo) {
            int colon = line.indexOf(':');
            String name = colon < 0 ? "" : line.substring(0, colon).strip();
            if (name.equals("flags") || name.equals("Features")) {
                Set<String> flags = new HashSet<>(Text.words(line.substring(colon + 1)));
                if (common == null) {
                    common = flags;
                } else {
                    common.retainAll(flags);
                }
            }
        }
        return common == null ? Set.of() : common;
    }

    static long available(List<String> meminfo) {
        for (String line : meminfo) {
            if (line.startsWith("MemAvailable:")) {
                List<String> words = Text.words(line);
                return words.size() < 2 ? 0 : Text.decimal(words.get(1), 0) * 1024;
            }
        }
        return 0;
    }
}
