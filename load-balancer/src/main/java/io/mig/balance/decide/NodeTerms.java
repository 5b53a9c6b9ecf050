package io.mig.balance.decide;

import io.mig.balance.policy.Expression;
import io.mig.balance.policy.Glob;
import io.mig.balance.policy.NodeRule;
import io.mig.balance.policy.OfficeHours;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.NodeView;
import java.util.ArrayList;
import java.util.List;

/**
 * What the policy says about one node, all matching rules applied in order. The agent asks it too
 * (is this node its owner's, how many guests may it have).
 */
public record NodeTerms(
        boolean cordoned,
        int maxGuests,
        boolean ownerFirst,
        List<OfficeHours> hours,
        double reservedCores,
        long reservedBytes,
        List<Expression> acceptWhen) {
    private static final NodeTerms FREE =
            new NodeTerms(false, Integer.MAX_VALUE, false, List.of(), 0, 0, List.of());

    /** The stricter of what the node says itself and what the policy says of it. */
    public static NodeTerms of(Policy policy, NodeView node) {
        NodeTerms terms = FREE;
        if (!policy.nodes().isEmpty()) {
            for (NodeRule rule : policy.nodes()) {
                if (names(rule.match(), node)) {
                    terms = terms.and(rule);
                }
            }
        }
        var doors = node.facts().doors();
        return new NodeTerms(
                terms.cordoned || doors.cordoned(),
                Math.min(terms.maxGuests, doors.maxGuests()),
                terms.ownerFirst,
                terms.hours,
                Math.max(terms.reservedCores, doors.reservedCores()),
                Math.max(terms.reservedBytes, doors.reservedBytes()),
                terms.acceptWhen);
    }

    private NodeTerms and(NodeRule rule) {
        List<Expression> accept = acceptWhen;
        if (rule.acceptWhen().isPresent()) {
            accept = new ArrayList<>(acceptWhen);
            accept.add(rule.acceptWhen().get());
        }
        return new NodeTerms(
                rule.cordon().orElse(cordoned),
                rule.maxGuests().orElse(maxGuests),
                rule.ownerFirst().orElse(ownerFirst),
                rule.hours().isEmpty() ? hours : rule.hours(),
                rule.reserveCores().orElse(reservedCores),
                rule.reserveBytes().orElse(reservedBytes),
                accept);
    }

    /** Whether a pattern of the policy, a name or {@code label:WORD}, names this node. */
    static boolean names(String pattern, NodeView node) {
        if (pattern.startsWith("label:")) {
            String label = pattern.substring("label:".length());
            return node.labels().stream().anyMatch(l -> Glob.matches(label, l));
        }
        return Glob.matches(pattern, node.node().name());
    }

    static boolean anyNames(List<String> patterns, NodeView node) {
        for (String pattern : patterns) {
            if (names(pattern, node)) {
                return true;
            }
        }
        return false;
    }
}
