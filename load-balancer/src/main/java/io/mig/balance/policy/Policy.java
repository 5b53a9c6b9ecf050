package io.mig.balance.policy;

import java.util.List;

/**
 * A policy in force: complete, checked, immutable.
 *
 * @param version the newest wins in the whole cluster
 * @param automation what happens by itself
 * @param dial 1 (only what must be) to 5 (every gain counts); 3 usual
 * @param balance when a move is worth it
 * @param memory when memory is short
 * @param birth placing new programs
 * @param owner owners and guests
 * @param scope which processes are managed
 * @param maxMovesPerHour of one process, unless a rule says otherwise
 * @param maxPauseMillis longest freeze of a move by choice, unless a rule says otherwise
 * @param nodes rules for nodes, in the order of the file
 * @param processes rules for processes, in the order of the file
 */
public record Policy(
        long version,
        Automation automation,
        int dial,
        BalanceRules balance,
        MemoryRules memory,
        BirthRules birth,
        OwnerRules owner,
        Scope scope,
        int maxMovesPerHour,
        long maxPauseMillis,
        List<NodeRule> nodes,
        List<ProcessRule> processes) {
    /** What holds where no administrator has said anything. */
    public static final Policy USUAL =
            new Policy(
                    0,
                    Automation.FULL,
                    3,
                    BalanceRules.USUAL,
                    MemoryRules.USUAL,
                    BirthRules.USUAL,
                    OwnerRules.USUAL,
                    Scope.USUAL,
                    20,
                    10_000,
                    List.of(),
                    List.of());

    public Policy {
        if (dial < 1 || dial > 5) {
            throw new IllegalArgumentException("dial=" + dial + " outside 1..5");
        }
        nodes = List.copyOf(nodes);
        processes = List.copyOf(processes);
    }

    /**
     * Share of remaining time that a move by choice must save, with the dial applied: 2 asks for
     * twice as much as 3, 5 for a third; 1 makes no moves by choice.
     */
    public double minimumImprovement() {
        return switch (dial) {
            case 1 -> Double.POSITIVE_INFINITY;
            case 2 -> 2 * balance.minimumImprovement();
            case 3 -> balance.minimumImprovement();
            case 4 -> 0.6 * balance.minimumImprovement();
            default -> balance.minimumImprovement() / 3;
        };
    }

    public Policy withAutomation(Automation value) {
        return new Policy(
                version,
                value,
                dial,
                balance,
                memory,
                birth,
                owner,
                scope,
                maxMovesPerHour,
                maxPauseMillis,
                nodes,
                processes);
    }

    public Policy withDial(int value) {
        return new Policy(
                version,
                automation,
                value,
                balance,
                memory,
                birth,
                owner,
                scope,
                maxMovesPerHour,
                maxPauseMillis,
                nodes,
                processes);
    }

    public Policy withBalance(BalanceRules value) {
        return new Policy(
                version,
                automation,
                dial,
                value,
                memory,
                birth,
                owner,
                scope,
                maxMovesPerHour,
                maxPauseMillis,
                nodes,
                processes);
    }

    public Policy withBirth(BirthRules value) {
        return new Policy(
                version,
                automation,
                dial,
                balance,
                memory,
                value,
                owner,
                scope,
                maxMovesPerHour,
                maxPauseMillis,
                nodes,
                processes);
    }
}
