package io.mig.balance.sim;

/**
 * What became of one scenario.
 *
 * @param meanSlowdown mean over the jobs of time in the cluster over time alone on its fastest
 *     processor
 * @param percentile95 of the same
 * @param makespan end of the last job, in seconds
 * @param jobs how many
 * @param bornAway jobs started on another node
 * @param moves made
 * @param pingPong moves of a process back to a node it had left within the last minutes
 * @param mostMoves of one process
 * @param refused arrivals that the target refused
 * @param frozenSeconds of all jobs together
 */
public record Outcome(
        double meanSlowdown,
        double percentile95,
        double makespan,
        int jobs,
        int bornAway,
        int moves,
        int pingPong,
        int mostMoves,
        int refused,
        double frozenSeconds) {}
