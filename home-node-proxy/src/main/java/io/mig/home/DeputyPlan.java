package io.mig.home;

import java.nio.file.Path;
import java.util.List;

/**
 * One frozen original that is to become its deputy.
 *
 * @param pid of the original, and of the deputy
 * @param cgroupProcs {@code cgroup.procs} of the unfrozen cgroup where the deputy is to live
 * @param keep descriptors it needs
 */
public record DeputyPlan(int pid, Path cgroupProcs, List<Integer> keep) {
    public DeputyPlan {
        keep = List.copyOf(keep);
        if (pid <= 1) {
            throw new IllegalArgumentException("pid=" + pid + " cannot become a deputy");
        }
    }
}
