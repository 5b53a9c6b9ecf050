package io.mig.migration.source;

import io.mig.home.journal.DeputyRecord;
import io.mig.migration.Calls;
import io.mig.migration.home.HomeDesk;
import io.mig.model.MigException;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.wire.proto.AbortRequest;
import io.mig.wire.proto.CommitReply;
import io.mig.wire.proto.CommitRequest;
import io.mig.wire.proto.DecisionReply;
import io.mig.wire.proto.DecisionReply.Decision;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A source's line to the home that decides. "No answer" is never taken for an answer: the questions
 * here are repeated until home has spoken. Blocks; interrupting ends the wait with an exception.
 */
final class HomeLine {
    private static final Logger LOG = LoggerFactory.getLogger(HomeLine.class);
    private static final Duration COMMIT = Duration.ofSeconds(20);
    private static final long PAUSE_NANOS = 200_000_000L;

    private final Calls calls;
    private final HomeDesk desk;
    private final NodeId home;
    private final MoveId move;

    HomeLine(Calls calls, HomeDesk desk, NodeId home, MoveId move) {
        this.calls = calls;
        this.desk = desk;
        this.home = home;
        this.move = move;
    }

    /**
     * Asks for the commit.
     *
     * @return home's word; the move is committed
     * @throws MigException home has refused, or has aborted the move meanwhile
     */
    CommitReply commit(List<DeputyRecord> deputies) {
        try {
            return home.equals(calls.self())
                    ? desk.commit(move, deputies)
                    : calls.ask(
                            home,
                            CommitRequest.newBuilder().setMoveId(move.toString()).build(),
                            CommitReply.class,
                            COMMIT);
        } catch (RuntimeException e) {
            LOG.info("commit was not confirmed, asking home: move={} {}", move, e.getMessage());
            if (abort("commit was not confirmed: " + e.getMessage()) == Decision.COMMITTED) {
                return CommitReply.getDefaultInstance();
            }
            throw e;
        }
    }

    /**
     * Gives the move up unless it was committed; returns COMMITTED or ABORTED, and nothing else.
     */
    Decision abort(String why) {
        AbortRequest request =
                AbortRequest.newBuilder().setMoveId(move.toString()).setWhy(cut(why)).build();
        while (true) {
            try {
                Decision decision =
                        home.equals(calls.self())
                                ? desk.abort(move, cut(why)).getDecision()
                                : calls.ask(home, request, DecisionReply.class).getDecision();
                if (decision == Decision.COMMITTED || decision == Decision.ABORTED) {
                    return decision;
                }
                LOG.warn("home is undecided: move={} decision={}", move, decision);
            } catch (MigException e) {
                LOG.info("home does not answer, asking again: move={} {}", move, e.getMessage());
            }
            pause();
        }
    }

    private static void pause() {
        LockSupport.parkNanos(PAUSE_NANOS);
        if (Thread.currentThread().isInterrupted()) {
            throw new IllegalStateException("interrupted while waiting for home's decision");
        }
    }

    private static String cut(String text) {
        return text.length() <= 2000 ? text : text.substring(0, 2000);
    }
}
