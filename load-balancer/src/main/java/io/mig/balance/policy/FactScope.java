package io.mig.balance.policy;

import io.mig.balance.view.NodeView;
import io.mig.balance.view.ProcessView;
import java.util.Optional;

/**
 * What the facts of an expression are about.
 *
 * @param node for {@code node.*}
 * @param process for {@code process.*}; empty where an expression is only about nodes
 * @param cluster for {@code cluster.*}
 */
public record FactScope(NodeView node, Optional<ProcessView> process, ClusterSummary cluster) {
    ProcessView theProcess() {
        return process.orElseThrow(
                () -> new IllegalStateException("process.* was refused when the policy was read"));
    }
}
