package io.mig.balance.decide;

import io.mig.balance.policy.ClusterSummary;
import io.mig.balance.policy.Expression;
import io.mig.balance.policy.FactScope;
import io.mig.balance.policy.Policy;
import io.mig.balance.policy.ProcessRule;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.ProcessView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the policy says about one process, all matching rules applied in order.
 *
 * @param only each list must name the node it is on
 * @param apartRules positions of the rules whose processes keep apart, as they stand in the policy
 */
record ProcessTerms(
        List<List<String>> only,
        List<String> prefer,
        List<String> never,
        List<Integer> apartRules,
        boolean pinned,
        int priority,
        long maxPauseMillis,
        int maxMovesPerHour,
        List<Expression> moveWhen) {

    static ProcessTerms of(
            Policy policy, ProcessView process, NodeView host, ClusterSummary cluster) {
        List<List<String>> only = List.of();
        List<String> prefer = List.of();
        List<String> never = List.of();
        List<Integer> apart = List.of();
        List<Expression> moveWhen = List.of();
        boolean pinned = false;
        int priority = 0;
        long maxPause = policy.maxPauseMillis();
        int maxMoves = policy.maxMovesPerHour();
        if (!policy.processes().isEmpty()) {
            FactScope scope = new FactScope(host, Optional.of(process), cluster);
            for (int i = 0; i < policy.processes().size(); i++) {
                ProcessRule rule = policy.processes().get(i);
                if (!rule.names(process)
                        || (rule.when().isPresent() && !rule.when().get().holds(scope))) {
                    continue;
                }
                if (!rule.only().isEmpty()) {
                    only = plus(only, rule.only());
                }
                for (String node : rule.prefer()) {
                    prefer = plus(prefer, node);
                }
                for (String node : rule.never()) {
                    never = plus(never, node);
                }
                if (rule.apart().orElse(false)) {
                    apart = plus(apart, i);
                }
                if (rule.moveWhen().isPresent()) {
                    moveWhen = plus(moveWhen, rule.moveWhen().get());
                }
                pinned = rule.pin().orElse(pinned);
                priority = rule.priority().orElse(priority);
                maxPause = rule.maxPauseMillis().orElse(maxPause);
                maxMoves = rule.maxMovesPerHour().orElse(maxMoves);
            }
        }
        maxPause = Math.min(maxPause, process.maxPauseMillis().orElse(Long.MAX_VALUE));
        return new ProcessTerms(
                only, prefer, never, apart, pinned, priority, maxPause, maxMoves, moveWhen);
    }

    /** Whether it is bound to certain nodes, so that all nodes must be looked at. */
    boolean picky() {
        return !only.isEmpty() || !prefer.isEmpty() || !never.isEmpty();
    }

    private static <T> List<T> plus(List<T> list, T more) {
        List<T> longer = new ArrayList<>(list);
        longer.add(more);
        return longer;
    }
}
