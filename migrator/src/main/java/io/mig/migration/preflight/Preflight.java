package io.mig.migration.preflight;

import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The question "can this process move (there)?" as a pure function: same facts, same answer, no
 * access to anything.
 */
public final class Preflight {
    private Preflight() {}

    /**
     * All obstacles, and what would have to be carried.
     *
     * @param target empty to ask whether it can move at all
     */
    public static PreflightReport check(
            SourceFacts source, Optional<TargetFacts> target, PreflightPolicy policy) {
        if (source.tree().isEmpty()) {
            return unknown(source);
        }
        Findings f = new Findings(source, source.tree().get(), agreed(source, target, policy));
        if (IdentityRules.apply(f)) {
            return new PreflightReport(f.obstacles(), StreamPlan.EMPTY, f.hints());
        }
        ProcessRules.apply(f);
        DescriptorRules.apply(f);
        SocketRules.apply(f);
        MappingRules.apply(f);
        FileRules.apply(f);
        StreamPlan plan = StreamPlanner.plan(f);
        target.ifPresent(t -> TargetRules.apply(f, t));
        return new PreflightReport(f.obstacles(), plan, f.hints());
    }

    /**
     * A target that does not serve home's files is judged by its own, unless the tree lives in
     * home's files already: then it cannot go there, see {@link TargetRules}.
     */
    private static PreflightPolicy agreed(
            SourceFacts source, Optional<TargetFacts> target, PreflightPolicy policy) {
        boolean served = target.map(TargetFacts::homeTree).orElse(true);
        return served || source.capsule().isPresent() ? policy : policy.withHomeTree("");
    }

    private static PreflightReport unknown(SourceFacts source) {
        String node = source.agent().node();
        return new PreflightReport(
                List.of(
                        new Obstacle(
                                ObstacleCode.UNKNOWN_PID,
                                "pid " + source.pid(),
                                "there is no such process on node " + node,
                                "it has ended, or never was",
                                "look at 'mig ps'",
                                false)),
                StreamPlan.EMPTY,
                List.of());
    }

    /**
     * Files that must be deleted when the tree is frozen, right before its dump, so that they
     * travel inside the image: what a JVM shows to jps. Losing them harms nobody.
     */
    public static Set<String> deleteBeforeDump(SourceFacts source) {
        Set<String> paths = new TreeSet<>();
        source.tree()
                .ifPresent(
                        tree -> {
                            for (ProcessFacts p : tree.processes()) {
                                for (MappingFacts m : p.mappings()) {
                                    if (!m.deleted() && FileRules.disposable(m.path())) {
                                        paths.add(m.path());
                                    }
                                }
                            }
                            for (OpenFile file : source.openFiles()) {
                                if (!file.fd().deleted()
                                        && FileRules.disposable(file.fd().target())) {
                                    paths.add(file.fd().target());
                                }
                            }
                        });
        return paths;
    }
}
