package io.mig.migration.preflight;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is known of the node that shall receive the tree.
 *
 * @param down why it cannot be reached; then nothing else is looked at
 * @param memoryAvailableBytes what it can give now
 * @param maxGuests most guests it takes; 0 = no limit
 * @param noRoom what its disk lacks; empty when nothing
 * @param provenShared declared shared folders that a probe has shown to be the same storage on both
 *     nodes
 * @param mismatches its answer to {@link FileNeeds#of}
 * @param homeTree whether it gives the tree the files of its home as root
 */
public record TargetFacts(
        String node,
        Optional<String> down,
        String criuVersion,
        String kernel,
        String arch,
        Set<String> cpuFlags,
        long memoryAvailableBytes,
        int guests,
        int maxGuests,
        String noRoom,
        Set<String> provenShared,
        List<FileMismatch> mismatches,
        boolean homeTree) {
    public TargetFacts {
        cpuFlags = Set.copyOf(cpuFlags);
        provenShared = Set.copyOf(provenShared);
        mismatches = List.copyOf(mismatches);
    }

    /** A node whose own files are the root of whatever comes. */
    public TargetFacts(
            String node,
            Optional<String> down,
            String criuVersion,
            String kernel,
            String arch,
            Set<String> cpuFlags,
            long memoryAvailableBytes,
            int guests,
            int maxGuests,
            Set<String> provenShared,
            List<FileMismatch> mismatches) {
        this(
                node,
                down,
                criuVersion,
                kernel,
                arch,
                cpuFlags,
                memoryAvailableBytes,
                guests,
                maxGuests,
                "",
                provenShared,
                mismatches,
                false);
    }

    /** A node that cannot be asked. */
    public static TargetFacts unreachable(String node, String why) {
        return new TargetFacts(
                node, Optional.of(why), "", "", "", Set.of(), 0, 0, 0, Set.of(), List.of());
    }
}
