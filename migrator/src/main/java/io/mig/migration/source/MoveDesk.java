package io.mig.migration.source;

import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.Leaf;
import io.mig.home.relay.FrameType;
import io.mig.migration.Directories;
import io.mig.migration.preflight.Obstacle;
import io.mig.migration.preflight.Preflight;
import io.mig.migration.preflight.SourceFacts;
import io.mig.migration.preflight.TargetFacts;
import io.mig.migration.target.Guest;
import io.mig.migration.target.Guests;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.DecisionReply.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves whose source is this node: one at a time per process, tried again when something passing
 * was in the way, and taken up after a restart of the agent. Thread-safe.
 */
public final class MoveDesk {
    private static final Logger LOG = LoggerFactory.getLogger(MoveDesk.class);
    private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(30);
    private static final Duration BETWEEN_SETTLINGS = Duration.ofSeconds(1);
    private static final Duration REMOVE = Duration.ofSeconds(5);

    private final SourceContext context;
    private final Guests guests;
    private final Set<HomePid> moving = ConcurrentHashMap.newKeySet();

    public MoveDesk(SourceContext context, Guests guests) {
        this.context = context;
        this.guests = guests;
    }

    /**
     * Moves a process that is here; blocks until it is done.
     *
     * @param progress is told each step as it begins
     * @throws MigException it did not move and runs here as before
     */
    public MoveResult move(MoveOrder order, Consumer<String> progress) {
        if (order.to().equals(context.calls().self())) {
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    "process=" + order.process().brief() + " is at " + order.to() + " already");
        }
        if (!moving.add(order.process())) {
            throw new RefusedException(
                    ErrorCode.BUSY,
                    true,
                    "process="
                            + order.process().brief()
                            + " is being moved already; wait for that move");
        }
        context.courtesy().moveBegins(order.process());
        boolean settling = false;
        try {
            return withAttempts(order, progress);
        } catch (SourceMove.UnsettledException e) {
            settling = true;
            settleInBackground(e.note());
            throw new RefusedException(ErrorCode.INTERNAL, String.valueOf(e.getMessage()));
        } finally {
            if (!settling) {
                ended(order.process());
            }
        }
    }

    private void ended(HomePid process) {
        context.courtesy().moveEnded(process);
        moving.remove(process);
    }

    /** The process counts as being moved until that is done. */
    private void settleInBackground(SourceNote note) {
        Thread.ofVirtual()
                .name("settle-" + note.process().brief())
                .start(
                        () -> {
                            settle(note);
                            ended(note.process());
                        });
    }

    private MoveResult withAttempts(MoveOrder first, Consumer<String> progress) {
        MoveOrder order = first;
        for (int attempt = 1; ; attempt++) {
            try {
                return new SourceMove(context, order, body(order), progress).run();
            } catch (MigException e) {
                if (order.birth() || !e.retryable() || attempt >= context.config().attempts()) {
                    throw e;
                }
                LOG.info(
                        "trying again: process={} attempt={} {}",
                        order.process(),
                        attempt,
                        e.getMessage());
                LockSupport.parkNanos(BETWEEN_ATTEMPTS.multipliedBy(attempt).toNanos());
                order = order.again();
            }
        }
    }

    private Body body(MoveOrder order) {
        Optional<Guest> guest = guests.running(order.process());
        if (guest.isPresent()) {
            return new GuestBody(
                    guest.get(),
                    context.reader(),
                    context.agent(),
                    context.criuServer(),
                    context.config().criu(),
                    context.programs(),
                    context.target()::drop,
                    context.config().homeFiles()
                            && order.process().home().equals(context.calls().self()),
                    new HomeLocks(context.target().trees(), order.process().home()));
        }
        if (!order.process().home().equals(context.calls().self()) || order.epoch().value() > 0) {
            throw new RefusedException(
                    ErrorCode.NOT_FOUND,
                    "no body of process="
                            + order.process().brief()
                            + " is on "
                            + context.calls().self());
        }
        return new OriginalBody(
                order.process().pid(),
                context.reader(),
                context.agent(),
                context.criuLauncher(),
                context.freezer(),
                context.programs(),
                "move-" + order.move().toString().substring(0, 8),
                context.config().homeFiles());
    }

    /** Whether programs of this home can begin elsewhere at all: only with its files. */
    public boolean bears() {
        return context.config().homeFiles();
    }

    /**
     * Everything in the way of a move to each target; an empty list of targets asks about any move.
     */
    public List<TargetObstacles> obstacles(MoveOrder order, List<NodeId> targets) {
        try (Body body = body(order)) {
            SourceFacts facts = body.facts();
            var policy =
                    context.policy()
                            .withCaller(order.actorUid(), order.actorPid())
                            .withHomeTree(body.inHomeTree() ? order.process().home().name() : "");
            List<TargetObstacles> answers =
                    new java.util.ArrayList<>(
                            List.of(
                                    new TargetObstacles(
                                            Optional.empty(),
                                            Preflight.check(facts, Optional.empty(), policy)
                                                    .obstacles())));
            Set<Obstacle> anyway = Set.copyOf(answers.getFirst().obstacles());
            for (NodeId target : targets) {
                TargetFacts there = new TargetQuery(context.calls()).ask(target, facts, policy);
                answers.add(
                        new TargetObstacles(
                                Optional.of(target),
                                Preflight.check(facts, Optional.of(there), policy)
                                        .obstacles()
                                        .stream()
                                        .filter(o -> !anyway.contains(o))
                                        .toList()));
            }
            return answers;
        }
    }

    /** What stands in the way of a move to one node; no node: of any move. */
    public record TargetObstacles(Optional<NodeId> target, List<Obstacle> obstacles) {
        public TargetObstacles {
            obstacles = List.copyOf(obstacles);
        }
    }

    /** Settles the moves that an earlier agent had under way, each on a thread of its own. */
    public void recover() throws IOException {
        for (SourceNote note : SourceNote.readAll(context.config().notesDir())) {
            moving.add(note.process());
            context.courtesy().moveBegins(note.process());
            settleInBackground(note);
        }
    }

    /**
     * Asks home what became of a move and does what follows from it. What cannot be done now is
     * tried until it is: a frozen tree must not be left behind.
     */
    private void settle(SourceNote note) {
        HomeLine home =
                new HomeLine(context.calls(), context.home(), note.process().home(), note.move());
        Decision decision = home.abort("the source's agent was restarted");
        LOG.info("settling a move: process={} decision={}", note.process(), decision);
        while (!settled(note, decision)) {
            LockSupport.parkNanos(BETWEEN_SETTLINGS.toNanos());
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
        }
    }

    private boolean settled(SourceNote note, Decision decision) {
        try {
            if (decision == Decision.COMMITTED) {
                release(note);
            } else {
                thaw(note);
                context.home().discardMove(note.target(), note.move(), "the source gave up");
            }
            Directories.deleteTree(
                    context.config()
                            .movesDir()
                            .resolve("out-" + note.move().toString().substring(0, 8)));
            note.delete(context.config().notesDir());
            return true;
        } catch (IOException | RuntimeException e) {
            LOG.error(
                    "move could not be settled, trying on: process={} decision={}",
                    note.process(),
                    decision,
                    e);
            return false;
        }
    }

    private void release(SourceNote note) {
        switch (note.place()) {
            case SourceNote.Place.AtHome(var leaf) -> {
                context.deputies().deputise(note.process());
                if (Files.isDirectory(leaf)) {
                    context.freezer().open(leaf).remove(REMOVE);
                }
            }
            case SourceNote.Place.InCapsule(var capsule) ->
                    guests.byCapsule(capsule).ifPresent(context.target()::drop);
        }
    }

    private void thaw(SourceNote note) {
        switch (note.place()) {
            case SourceNote.Place.AtHome(var directory) -> {
                if (Files.isDirectory(directory)) {
                    Leaf leaf = context.freezer().open(directory);
                    context.programs().limit(leaf.pids());
                    FrozenTree.reopen(context.freezer().root(), leaf).thawAndReturn();
                    leaf.remove(REMOVE);
                }
            }
            case SourceNote.Place.InCapsule(var id) -> {
                Optional<Guest> guest = guests.byCapsule(id);
                if (guest.isPresent()) {
                    guest.get().capsule().command(FrameType.RESUME, "");
                    context.programs().limit(guest.get().capsule().guests().pids());
                    guest.get().capsule().guests().thaw();
                }
            }
        }
    }
}
