package io.mig.balance.view;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a node knows of a managed process whose body it hosts.
 *
 * @param process who it is, for life
 * @param host where the body runs: the node that looks
 * @param command name of the program
 * @param user name of its user
 * @param usage what it needs
 * @param needs features a node must have for it
 * @param residencyMillis since when it is on this node
 * @param movesLastHour moves of the last hour
 * @param moves moves it has behind it, newest first (a few)
 * @param partners whom it talks to
 * @param obstacle why it cannot move at all; empty when it can
 * @param pin the only node it may be on; empty when free
 * @param maxPauseMillis it is not to stand still for longer than that, says its user; what the
 *     policy says holds besides
 */
public record ProcessView(
        HomePid process,
        NodeId host,
        String command,
        String user,
        Usage usage,
        Features needs,
        long residencyMillis,
        int movesLastHour,
        List<PastMove> moves,
        List<Partner> partners,
        Optional<String> obstacle,
        Optional<NodeId> pin,
        OptionalLong maxPauseMillis) {
    public ProcessView {
        Checks.notNegative("residencyMillis", residencyMillis);
        Checks.range("movesLastHour", movesLastHour, 0, 1 << 20);
        moves = List.copyOf(moves);
        partners = List.copyOf(partners);
    }

    /** A process that has no history and no wishes. */
    public static ProcessView of(
            HomePid process,
            NodeId host,
            String command,
            String user,
            Usage usage,
            long residencyMillis) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                Features.NONE,
                residencyMillis,
                0,
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                OptionalLong.empty());
    }

    /** Whether the body is on another node than the process belongs to. */
    public boolean isGuest() {
        return !process.home().equals(host);
    }

    public ProcessView withNeeds(Features value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                value,
                residencyMillis,
                movesLastHour,
                moves,
                partners,
                obstacle,
                pin,
                maxPauseMillis);
    }

    public ProcessView withMoves(int lastHour, List<PastMove> value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                needs,
                residencyMillis,
                lastHour,
                value,
                partners,
                obstacle,
                pin,
                maxPauseMillis);
    }

    public ProcessView withPartners(List<Partner> value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                needs,
                residencyMillis,
                movesLastHour,
                moves,
                value,
                obstacle,
                pin,
                maxPauseMillis);
    }

    public ProcessView withObstacle(String value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                needs,
                residencyMillis,
                movesLastHour,
                moves,
                partners,
                Optional.of(value),
                pin,
                maxPauseMillis);
    }

    public ProcessView withPin(Optional<NodeId> value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                needs,
                residencyMillis,
                movesLastHour,
                moves,
                partners,
                obstacle,
                value,
                maxPauseMillis);
    }

    public ProcessView withMaxPause(OptionalLong value) {
        return new ProcessView(
                process,
                host,
                command,
                user,
                usage,
                needs,
                residencyMillis,
                movesLastHour,
                moves,
                partners,
                obstacle,
                pin,
                value);
    }
}
