package io.mig.agent.balance;

import io.mig.balance.view.PastMove;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What this node remembers of a managed process that lives here. One owner thread. */
final class Resident {
    private static final long HOUR_MILLIS = 3_600_000;
    private static final int MOST_MOVES = 8;
    private static final long FIRST_PAUSE_MILLIS = 2_000;
    private static final long LONGEST_PAUSE_MILLIS = 300_000;

    /** A move by this node's clock. */
    private record Move(NodeId from, NodeId to, long atMillis, boolean forDrain) {}

    private final long sinceMillis;
    private final double earlierCpuSeconds;
    private final List<Move> moves = new ArrayList<>();
    private final int movesBefore;
    private Optional<NodeId> pin;

    private String trouble = "";
    private long troubleUntilMillis;
    private int troubles;
    private long seenMillis;

    private Resident(
            long sinceMillis, double earlierCpuSeconds, int movesBefore, Optional<NodeId> pin) {
        this.sinceMillis = sinceMillis;
        this.earlierCpuSeconds = earlierCpuSeconds;
        this.movesBefore = movesBefore;
        this.pin = pin;
    }

    /** One that was started here. */
    static Resident born(long sinceMillis) {
        return new Resident(sinceMillis, 0, 0, Optional.empty());
    }

    /**
     * One that came from another node.
     *
     * @param earlierCpuSeconds processor time of its life before, at reference speed
     * @param movesLastHour including the one that brought it
     * @param history newest first, the move that brought it among them
     */
    static Resident arrived(
            long nowMillis,
            double earlierCpuSeconds,
            int movesLastHour,
            List<PastMove> history,
            Optional<NodeId> pin) {
        int told = (int) history.stream().filter(m -> m.agoMillis() < HOUR_MILLIS).count();
        Resident r =
                new Resident(nowMillis, earlierCpuSeconds, Math.max(0, movesLastHour - told), pin);
        for (PastMove m : history) {
            r.moves.add(new Move(m.from(), m.to(), nowMillis - m.agoMillis(), m.forDrain()));
        }
        return r;
    }

    long residencyMillis(long nowMillis) {
        return Math.max(0, nowMillis - sinceMillis);
    }

    double earlierCpuSeconds() {
        return earlierCpuSeconds;
    }

    Optional<NodeId> pin() {
        return pin;
    }

    void pin(Optional<NodeId> node) {
        pin = node;
    }

    List<PastMove> history(long nowMillis) {
        return moves.stream()
                .limit(MOST_MOVES)
                .map(
                        m ->
                                new PastMove(
                                        m.from,
                                        m.to,
                                        Math.max(0, nowMillis - m.atMillis),
                                        m.forDrain))
                .toList();
    }

    int movesLastHour(long nowMillis) {
        return movesBefore
                + (int) moves.stream().filter(m -> nowMillis - m.atMillis < HOUR_MILLIS).count();
    }

    /** A move failed: not again for a while, longer each time. */
    void failed(String why, boolean soon, long nowMillis) {
        troubles = Math.min(troubles + 1, 16);
        long pause =
                Math.min(
                        LONGEST_PAUSE_MILLIS,
                        FIRST_PAUSE_MILLIS << (soon ? Math.min(troubles - 1, 3) : troubles));
        postpone(why, pause, nowMillis);
    }

    /** Whether this was what kept it from moving the last time. */
    boolean lastTrouble(String why) {
        return trouble.equals(why);
    }

    /** Not now, for a reason that is not the process's. */
    void postpone(String why, long pauseMillis, long nowMillis) {
        trouble = why;
        troubleUntilMillis = nowMillis + pauseMillis;
    }

    /** What keeps it from moving now. */
    Optional<String> trouble(long nowMillis) {
        return nowMillis < troubleUntilMillis ? Optional.of(trouble) : Optional.empty();
    }

    /** A person asks: old failures are forgotten. */
    void tryAgain() {
        troubleUntilMillis = 0;
        troubles = 0;
    }

    void seen(long nowMillis) {
        seenMillis = nowMillis;
    }

    boolean seenAt(long nowMillis) {
        return seenMillis == nowMillis;
    }

    /** What survives a restart of the agent, in the words of {@link ResidentStore}. */
    ResidentStore.Kept kept(long nowMillis) {
        return new ResidentStore.Kept(
                residencyMillis(nowMillis), earlierCpuSeconds, history(nowMillis), pin);
    }

    static Resident of(ResidentStore.Kept kept, long nowMillis) {
        Resident r =
                arrived(
                        nowMillis - kept.residencyMillis(),
                        kept.earlierCpuSeconds(),
                        0,
                        List.of(),
                        kept.pin());
        for (PastMove m : kept.moves()) {
            r.moves.add(new Move(m.from(), m.to(), nowMillis - m.agoMillis(), m.forDrain()));
        }
        return r;
    }
}
