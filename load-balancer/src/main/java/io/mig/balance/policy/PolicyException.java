package io.mig.balance.policy;

import java.util.List;
import java.util.stream.Collectors;

/** A policy file is refused; the policy in force stays. Tells all problems at once. */
public final class PolicyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<Problem> problems;

    PolicyException(List<Problem> problems) {
        super(
                "the policy is refused, nothing was changed:\n"
                        + problems.stream().map(p -> "  " + p).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<Problem> problems() {
        return problems;
    }
}
