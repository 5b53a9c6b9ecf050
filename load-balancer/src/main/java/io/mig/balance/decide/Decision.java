package io.mig.balance.decide;

import java.util.List;

/**
 * What one round of deciding gives.
 *
 * @param proposals moves to be made (or recommended) now, the most urgent first
 * @param waiting moves that would be proposed but for the hold duration
 * @param measures what is to be done with guests where they are
 * @param holds hand this to the next round
 */
public record Decision(
        List<Proposal> proposals, List<Proposal> waiting, List<Measure> measures, Holds holds) {
    public Decision {
        proposals = List.copyOf(proposals);
        waiting = List.copyOf(waiting);
        measures = List.copyOf(measures);
    }
}
