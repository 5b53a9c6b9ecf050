package io.mig.migration.home;

import io.mig.fault.FaultPoint;
import io.mig.fault.Faults;
import io.mig.home.journal.Decision;
import io.mig.home.journal.DecisionRefusedException;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.Journal;
import io.mig.home.journal.JournalException;
import io.mig.home.journal.MoveIntent;
import io.mig.home.journal.MoveRecord;
import io.mig.home.journal.ProcessRecord;
import io.mig.migration.Calls;
import io.mig.migration.Protos;
import io.mig.model.Epoch;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.AbortRequest;
import io.mig.wire.proto.BeginReply;
import io.mig.wire.proto.BeginRequest;
import io.mig.wire.proto.CommitReply;
import io.mig.wire.proto.CommitRequest;
import io.mig.wire.proto.DecisionReply;
import io.mig.wire.proto.DecisionRequest;
import io.mig.wire.proto.DiscardReply;
import io.mig.wire.proto.DiscardRequest;
import io.mig.wire.proto.GuestInventory;
import io.mig.wire.proto.GuestItem;
import io.mig.wire.proto.HoldReply;
import io.mig.wire.proto.HoldRequest;
import io.mig.wire.proto.ThawReply;
import io.mig.wire.proto.ThawRequest;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides about the processes of this home: who owns each body. The journal is the judge; this
 * class carries out what it says.
 *
 * <pre>
 *   source                      home (here)                        target
 *     | ---- begin ----------------> journal INTENT
 *     |                                                              restored, frozen
 *     | ---- commit ---------------> journal COMMITTED, epoch+1
 *     |                              routes -> target
 *     |                              ------------- thaw -----------> runs
 *     | <--- committed -------------
 * </pre>
 *
 * A move that could not be decided on disk counts as aborted in memory, so that it cannot be
 * committed later in this life of the agent; after a crash the source, or our own recovery, aborts
 * it. Thread-safe.
 */
public final class HomeDesk {
    private static final Logger LOG = LoggerFactory.getLogger(HomeDesk.class);
    private static final Duration RETRY = Duration.ofMillis(300);

    private final Journal journal;
    private final Calls calls;
    private final DeputyWorks deputies;
    private final Faults faults;
    private final Set<MoveId> doomed = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public HomeDesk(Journal journal, Calls calls, DeputyWorks deputies, Faults faults) {
        this.journal = journal;
        this.calls = calls;
        this.deputies = deputies;
        this.faults = faults;
    }

    /** Serves the requests of sources and hosts. */
    public void register() {
        calls.serve(BeginRequest.class, (from, request) -> begin(request));
        calls.serve(
                CommitRequest.class,
                (from, request) -> commit(MoveId.parse(request.getMoveId()), List.of()));
        calls.serve(
                AbortRequest.class,
                (from, request) -> abort(MoveId.parse(request.getMoveId()), request.getWhy()));
        calls.serve(
                DecisionRequest.class,
                (from, request) -> decision(MoveId.parse(request.getMoveId())));
        calls.listen(GuestInventory.class, this::inventory);
    }

    /** Takes up everything that was away before a restart. */
    public void recover() {
        for (ProcessRecord process : journal.away()) {
            if (process.epoch().value() > 0) {
                deputies.adopt(process);
            }
        }
        for (MoveRecord move : journal.undecided()) {
            LOG.info(
                    "undecided move found: move={} process={} source={}",
                    move.intent().move(),
                    move.intent().process(),
                    move.intent().source());
        }
    }

    public void close() {
        closed = true;
    }

    private BeginReply begin(BeginRequest request) {
        faults.at(FaultPoint.HOME_BEGIN);
        HomePid process = Protos.process(request.getProcess());
        if (!process.home().equals(calls.self())) {
            throw new RefusedException(
                    ErrorCode.BAD_REQUEST,
                    "process=" + process + " does not belong to this home=" + calls.self());
        }
        try {
            journal.begin(
                    new MoveIntent(
                            MoveId.parse(request.getMoveId()),
                            process,
                            new NodeId(request.getFrom()),
                            new NodeId(request.getTo()),
                            new Epoch(request.getEpoch()).next(),
                            request.getUid(),
                            request.getCommand(),
                            request.getReason()));
        } catch (DecisionRefusedException e) {
            throw new RefusedException(ErrorCode.BUSY, true, String.valueOf(e.getMessage()));
        } catch (JournalException e) {
            throw new RefusedException(ErrorCode.NOT_DURABLE, true, String.valueOf(e.getMessage()));
        }
        return BeginReply.getDefaultInstance();
    }

    /**
     * The commit point.
     *
     * @param made the deputies that are now to be made here; empty when they exist already
     * @throws MigException when the move is not and will not be committed
     */
    public CommitReply commit(MoveId move, List<DeputyRecord> made) {
        faults.at(FaultPoint.HOME_COMMIT);
        if (doomed.contains(move)) {
            throw new RefusedException(ErrorCode.STALE, "move=" + move + " was aborted before");
        }
        try {
            if (made.isEmpty()) {
                journal.commit(move);
            } else {
                journal.commit(move, made);
            }
        } catch (DecisionRefusedException e) {
            throw new RefusedException(ErrorCode.STALE, String.valueOf(e.getMessage()));
        } catch (JournalException e) {
            if (settled(move) != Decision.COMMITTED) {
                doomed.add(move);
                throw new RefusedException(
                        ErrorCode.NOT_DURABLE, true, String.valueOf(e.getMessage()));
            }
        }
        try {
            faults.at(FaultPoint.HOME_COMMITTED);
            return carryOut(move);
        } catch (RuntimeException e) {
            // committed is committed: whoever asked may not hear of it, the body must run
            Thread.ofVirtual().name("carry-out-" + move).start(() -> carryOutUntilDone(move));
            throw e;
        }
    }

    private void carryOutUntilDone(MoveId move) {
        while (!closed) {
            try {
                carryOut(move);
                return;
            } catch (RuntimeException e) {
                LOG.error("committed move is not carried out yet: move={}", move, e);
                pause();
            }
        }
    }

    /** What the journal says after a write that may or may not have reached the disk. */
    private Decision settled(MoveId move) {
        while (true) {
            try {
                return journal.decision(move);
            } catch (JournalException e) {
                LOG.error("journal cannot be read, waiting: {}", String.valueOf(e.getMessage()));
                pause();
            }
        }
    }

    private CommitReply carryOut(MoveId move) {
        MoveRecord record =
                journal.move(move)
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "committed move vanished: move=" + move));
        MoveIntent intent = record.intent();
        journal.process(intent.process()).ifPresent(deputies::bodyIsAt);
        boolean thawed = thaw(intent);
        if (!thawed) {
            Thread.ofVirtual()
                    .name("thaw-" + intent.process().brief())
                    .start(() -> keepThawing(intent));
        }
        return CommitReply.newBuilder().setThawed(thawed).setEpoch(intent.epoch().value()).build();
    }

    private boolean thaw(MoveIntent intent) {
        try {
            calls.ask(
                    intent.target(),
                    ThawRequest.newBuilder()
                            .setMoveId(intent.move().toString())
                            .setEpoch(intent.epoch().value())
                            .build(),
                    ThawReply.class);
            return true;
        } catch (MigException e) {
            LOG.warn(
                    "target did not confirm that the body runs, trying on: process={} target={} {}",
                    intent.process(),
                    intent.target(),
                    e.getMessage());
            return false;
        }
    }

    private void keepThawing(MoveIntent intent) {
        while (!closed && stillOwner(intent)) {
            pause();
            if (thaw(intent)) {
                return;
            }
        }
    }

    private boolean stillOwner(MoveIntent intent) {
        return journal.process(intent.process())
                .filter(p -> !p.ended())
                .filter(p -> p.owner().equals(intent.target()))
                .filter(p -> p.epoch().equals(intent.epoch()))
                .isPresent();
    }

    /** Gives a move up, unless it was committed already; the reply says which. */
    public DecisionReply abort(MoveId move, String why) {
        try {
            journal.abort(move, why);
        } catch (DecisionRefusedException e) {
            LOG.info("abort came too late: move={} {}", move, String.valueOf(e.getMessage()));
        } catch (JournalException e) {
            if (settled(move) != Decision.COMMITTED) {
                LOG.warn(
                        "abort is remembered in memory only: move={} {}",
                        move,
                        String.valueOf(e.getMessage()));
                doomed.add(move);
            }
        }
        return decision(move);
    }

    public DecisionReply decision(MoveId move) {
        Optional<MoveRecord> record = journal.move(move);
        DecisionReply.Builder reply = DecisionReply.newBuilder();
        Decision decision = record.map(MoveRecord::decision).orElse(Decision.UNKNOWN);
        if (doomed.contains(move) && decision != Decision.COMMITTED) {
            decision = Decision.ABORTED;
        }
        reply.setDecision(
                switch (decision) {
                    case UNKNOWN -> DecisionReply.Decision.UNKNOWN;
                    case INTENT -> DecisionReply.Decision.INTENT;
                    case COMMITTED -> DecisionReply.Decision.COMMITTED;
                    case ABORTED -> DecisionReply.Decision.ABORTED;
                });
        record.flatMap(r -> journal.process(r.intent().process()))
                .ifPresent(p -> reply.setOwner(p.owner().name()).setEpoch(p.epoch().value()));
        return reply.build();
    }

    /** A host tells which bodies of ours it holds; differences are settled. */
    private void inventory(NodeId host, GuestInventory inventory) {
        Thread.ofVirtual().name("inventory-" + host).start(() -> settle(host, inventory));
    }

    private void settle(NodeId host, GuestInventory inventory) {
        Set<HomePid> held = new HashSet<>();
        for (GuestItem guest : inventory.getGuestsList()) {
            HomePid process = Protos.process(guest.getProcess());
            if (!process.home().equals(calls.self())) {
                continue;
            }
            held.add(process);
            Optional<ProcessRecord> record = journal.process(process);
            if (record.isEmpty() || !owns(record.get(), host, new Epoch(guest.getEpoch()))) {
                discard(host, process, guest.getEpoch(), "home does not know this body as current");
            }
        }
        for (String pending : inventory.getPendingMovesList()) {
            settlePending(host, MoveId.parse(pending));
        }
        for (ProcessRecord process : journal.away()) {
            if (process.owner().equals(host) && !held.contains(process.process())) {
                askForLost(host, process);
            }
        }
    }

    private static boolean owns(ProcessRecord record, NodeId host, Epoch epoch) {
        return !record.ended() && record.owner().equals(host) && record.epoch().equals(epoch);
    }

    private void settlePending(NodeId host, MoveId move) {
        Optional<MoveRecord> record = journal.move(move);
        Decision decision = record.map(MoveRecord::decision).orElse(Decision.UNKNOWN);
        if (decision == Decision.COMMITTED) {
            MoveIntent intent = record.orElseThrow().intent();
            if (stillOwner(intent) && !thaw(intent)) {
                Thread.ofVirtual().start(() -> keepThawing(intent));
            }
        } else if (decision == Decision.ABORTED || doomed.contains(move)) {
            discardMove(host, move, "the move was aborted");
        }
    }

    private void askForLost(NodeId host, ProcessRecord process) {
        try {
            HoldReply reply =
                    calls.ask(
                            host,
                            HoldRequest.newBuilder()
                                    .setProcess(Protos.process(process.process()))
                                    .setEpoch(process.epoch().value())
                                    .build(),
                            HoldReply.class);
            boolean current =
                    journal.process(process.process())
                            .filter(p -> owns(p, host, process.epoch()))
                            .isPresent();
            if (!reply.getHeld() && current) {
                String why = "host=" + host + " is up and does not have it: it ended with its host";
                journal.event(Optional.of(process.process()), "lost", why);
                deputies.bodyLost(process.process(), why);
            }
        } catch (MigException e) {
            LOG.debug("host cannot be asked now: host={} {}", host, String.valueOf(e.getMessage()));
        }
    }

    private void discard(NodeId host, HomePid process, long epoch, String why) {
        send(
                host,
                DiscardRequest.newBuilder()
                        .setProcess(Protos.process(process))
                        .setEpoch(epoch)
                        .setWhy(why)
                        .build());
    }

    /** Tells a host to throw away what it prepared for a move. */
    public void discardMove(NodeId host, MoveId move, String why) {
        send(host, DiscardRequest.newBuilder().setMoveId(move.toString()).setWhy(why).build());
    }

    /** The process has ended at home: whatever is left of it elsewhere goes too. */
    public void ended(ProcessRecord process) {
        discard(
                process.owner(),
                process.process(),
                process.epoch().value(),
                "the process has ended");
    }

    private void send(NodeId host, DiscardRequest request) {
        try {
            calls.ask(host, request, DiscardReply.class);
        } catch (MigException e) {
            LOG.info(
                    "host could not be told to discard now, it will ask: host={} {}",
                    host,
                    String.valueOf(e.getMessage()));
        }
    }

    private static void pause() {
        java.util.concurrent.locks.LockSupport.parkNanos(RETRY.toNanos());
    }
}
