package io.mig.agent.verb;

/** How far another clock is ahead, from one question and answer. */
final class ClockGap {
    private ClockGap() {}

    /**
     * The gap that is certain: what the way of the question and of the answer may explain is taken
     * off. Zero when that explains all of it; negative when the other clock is behind.
     *
     * @param asked when the question was asked, by our clock, in milliseconds
     * @param answered when the answer was here
     * @param theirs what the other clock showed in between
     */
    static long millis(long asked, long answered, long theirs) {
        if (theirs > answered) {
            return theirs - answered;
        }
        return Math.min(0, theirs - asked);
    }
}
