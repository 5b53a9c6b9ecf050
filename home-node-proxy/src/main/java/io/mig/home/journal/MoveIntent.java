package io.mig.home.journal;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;

/**
 * A move that somebody wants to make.
 *
 * @param move fresh id; the same id again is the same move
 * @param process what moves
 * @param source node that owns the body now
 * @param target node that will own it
 * @param epoch the epoch that the move would establish: the current one plus one
 * @param uid numeric user of the process
 * @param command command line, for people
 * @param reason why it moves, for people
 */
public record MoveIntent(
        MoveId move,
        HomePid process,
        NodeId source,
        NodeId target,
        Epoch epoch,
        int uid,
        String command,
        String reason) {

    private static final int MAX_TEXT_CHARS = 4096;

    public MoveIntent {
        if (source.equals(target)) {
            throw new IllegalArgumentException(
                    "a move needs two nodes: move="
                            + move.value()
                            + " source="
                            + source.name()
                            + " target="
                            + target.name());
        }
        if (epoch.value() < 1) {
            throw new IllegalArgumentException(
                    "a move starts an epoch above 0: epoch=" + epoch.value());
        }
        command = cut(command);
        reason = cut(reason);
    }

    private static String cut(String text) {
        return text.length() <= MAX_TEXT_CHARS ? text : text.substring(0, MAX_TEXT_CHARS);
    }
}
