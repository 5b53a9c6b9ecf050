package io.mig.migration.target;

import io.mig.checkpoint.criu.CriuServer;
import io.mig.fault.FaultPoint;
import io.mig.fault.Faults;
import io.mig.home.relay.CapsuleEndpoint;
import io.mig.migration.Calls;
import io.mig.migration.ProgramsCgroup;
import io.mig.migration.Protos;
import io.mig.migration.Routes;
import io.mig.model.Epoch;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.MigException;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.transport.BulkReceiver;
import io.mig.wire.proto.DecisionReply;
import io.mig.wire.proto.DecisionRequest;
import io.mig.wire.proto.DiscardReply;
import io.mig.wire.proto.DiscardRequest;
import io.mig.wire.proto.GuestInventory;
import io.mig.wire.proto.GuestItem;
import io.mig.wire.proto.HoldReply;
import io.mig.wire.proto.HoldRequest;
import io.mig.wire.proto.ReserveReply;
import io.mig.wire.proto.ReserveRequest;
import io.mig.wire.proto.RestoreReply;
import io.mig.wire.proto.StreamItem;
import io.mig.wire.proto.ThawReply;
import io.mig.wire.proto.ThawRequest;
import io.mig.wire.proto.VouchReply;
import io.mig.wire.proto.VouchRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves sources and homes that want something of this host: take a body, run it, throw it away.
 * Only home's word makes a body run. Thread-safe.
 */
public final class TargetDesk {
    private static final Logger LOG = LoggerFactory.getLogger(TargetDesk.class);
    private static final long ASK_AGAIN_NANOS = 1_000_000_000L;

    private final TargetConfig config;
    private final Calls calls;
    private final Routes routes;
    private final Faults faults;
    private final Guests guests;
    private final CapsuleFactory factory;
    private final CriuServer criuServer;
    private final HomeTrees trees;
    private final ProgramsCgroup programs;
    private final Map<MoveId, Arrival> arrivals = new ConcurrentHashMap<>();
    private final Map<UUID, Capsule> capsules = new ConcurrentHashMap<>();
    private volatile boolean closed;

    public TargetDesk(
            TargetConfig config,
            Calls calls,
            Routes routes,
            Faults faults,
            Guests guests,
            CapsuleFactory factory,
            CriuServer criuServer,
            HomeTrees trees,
            ProgramsCgroup programs) {
        this.trees = trees;
        this.programs = programs;
        this.config = config;
        this.calls = calls;
        this.routes = routes;
        this.faults = faults;
        this.guests = guests;
        this.factory = factory;
        this.criuServer = criuServer;
    }

    public void register() {
        calls.serve(ReserveRequest.class, this::reserve);
        calls.serve(io.mig.wire.proto.RestoreRequest.class, (from, request) -> restore(request));
        calls.serve(ThawRequest.class, (from, request) -> thaw(from, request));
        calls.serve(DiscardRequest.class, (from, request) -> discard(from, request));
        calls.serve(HoldRequest.class, (from, request) -> hold(request));
    }

    /** Takes up the capsules of an earlier agent; undecided ones ask their homes. */
    public void recover() throws IOException {
        for (Guest guest : guests.reload(factory, this::rootOf)) {
            capsules.put(guest.capsule().id(), guest.capsule());
            if (guest.record().state() == GuestRecord.State.RUNNING) {
                routes.bodyIsHere(
                        guest.process(),
                        guest.epoch(),
                        guest.capsule().id(),
                        Set.copyOf(guest.record().links()));
            } else {
                Thread.ofVirtual()
                        .name("settle-" + guest.process().brief())
                        .start(() -> askUntilDecided(guest));
            }
        }
    }

    private Optional<CapsuleRoot> rootOf(GuestRecord record) {
        return record.files()
                .map(user -> factory.root(trees.mountPoint(record.process().home()), List.of()));
    }

    public void close() {
        closed = true;
    }

    /** The init of a capsule has connected. */
    public void capsuleConnected(CapsuleEndpoint endpoint) {
        Capsule capsule = capsules.get(endpoint.id());
        if (capsule == null) {
            LOG.warn("unknown capsule, closing it: {}", endpoint);
            factory.handle(endpoint.id(), Optional.empty()).destroy();
            return;
        }
        capsule.connected(endpoint);
    }

    public void capsuleGone(CapsuleEndpoint endpoint) {
        Capsule capsule = capsules.get(endpoint.id());
        if (capsule != null) {
            capsule.disconnected(endpoint);
        }
    }

    private ReserveReply reserve(NodeId from, ReserveRequest request) throws IOException {
        HomePid process = Protos.process(request.getTree().getProcess());
        MoveId move = MoveId.parse(request.getMoveId());
        faults.at(FaultPoint.TARGET_RESERVE);
        if (request.getTree().getUid() == 0 && !config.guestsOfRoot()) {
            throw new RefusedException(
                    ErrorCode.NOT_ALLOWED,
                    "node=" + calls.self() + " takes no guests of root; set guests.of_root there");
        }
        if (config.maxGuests() <= guests.all().size()) {
            throw new RefusedException(
                    ErrorCode.NO_ROOM,
                    "node="
                            + calls.self()
                            + " is full: guests="
                            + guests.all().size()
                            + " limit="
                            + config.maxGuests());
        }
        VouchReply vouched =
                calls.ask(
                        process.home(),
                        VouchRequest.newBuilder().setProcess(Protos.process(process)).build(),
                        VouchReply.class);
        Optional<GuestRecord.FileUser> files = files(process, request, vouched);
        Optional<CapsuleRoot> root =
                files.map(
                        user ->
                                factory.root(
                                        trees.acquire(process.home()),
                                        mayBind(request.getSharedList())));
        CapsuleFactory.Launch launch =
                factory.launch(UUID.randomUUID(), request.getHostname(), root);
        Capsule capsule = launch.capsule();
        Guest guest = new Guest(record(capsule.id(), move, process, from, request, files), capsule);
        Arrival arrival = new Arrival(config, faults, guest, request, vouched, trees);
        capsules.put(capsule.id(), capsule);
        arrivals.put(move, arrival);
        try {
            guests.put(guest);
            launch.start();
            arrival.prepare(criuServer);
            faults.at(FaultPoint.TARGET_RESERVED);
            return ReserveReply.newBuilder().setBirth(request.getBirth()).build();
        } catch (IOException | RuntimeException e) {
            drop(guest);
            throw e;
        }
    }

    /** Its home's files become its root, unless this is its home. */
    private Optional<GuestRecord.FileUser> files(
            HomePid process, ReserveRequest request, VouchReply vouched) {
        return request.getHomeTree() && !process.home().equals(calls.self())
                ? Optional.of(new GuestRecord.FileUser(vouched.getFileUid(), vouched.getFileGid()))
                : Optional.empty();
    }

    /** Only what the configuration here declares as well. */
    private List<String> mayBind(List<String> folders) {
        List<String> declared = config.shared().stream().map(Path::toString).toList();
        return folders.stream().filter(declared::contains).toList();
    }

    private static GuestRecord record(
            UUID capsule,
            MoveId move,
            HomePid process,
            NodeId from,
            ReserveRequest request,
            Optional<GuestRecord.FileUser> files) {
        return new GuestRecord(
                capsule,
                move,
                process,
                new Epoch(request.getNextEpoch()),
                from,
                request.getTree().getUid(),
                request.getTree().getCommand(),
                request.getHostname(),
                GuestRecord.State.RESERVED,
                List.of(),
                request.getStreamsList().stream().map(TargetDesk::stream).toList(),
                files);
    }

    private static GuestRecord.GuestStream stream(StreamItem item) {
        return new GuestRecord.GuestStream(
                item.getId(), item.getKind(), item.getLink(), item.getFlags(), item.getDemand());
    }

    /** The images of a move come in. */
    public BulkReceiver images(MoveId move) {
        Arrival arrival = arrivals.get(move);
        if (arrival == null) {
            throw new RefusedException(ErrorCode.NOT_FOUND, "nothing reserved for move=" + move);
        }
        return arrival.receiver();
    }

    private RestoreReply restore(io.mig.wire.proto.RestoreRequest request) {
        MoveId move = MoveId.parse(request.getMoveId());
        Arrival arrival = arrivals.get(move);
        if (arrival == null) {
            throw new RefusedException(ErrorCode.NOT_FOUND, "nothing reserved for move=" + move);
        }
        try {
            RestoreReply reply = arrival.restore(request);
            guests.advance(
                    arrival.guest()
                            .withLinks(request.getLinksList())
                            .with(GuestRecord.State.RESTORED));
            return reply;
        } catch (RuntimeException e) {
            drop(arrival.guest());
            throw e;
        }
    }

    private ThawReply thaw(NodeId home, ThawRequest request) {
        MoveId move = MoveId.parse(request.getMoveId());
        Guest guest =
                guests.byMove(move)
                        .orElseThrow(
                                () ->
                                        new RefusedException(
                                                ErrorCode.NOT_FOUND,
                                                "no body here for move=" + move));
        if (!guest.process().home().equals(home) || guest.epoch().value() != request.getEpoch()) {
            throw new RefusedException(
                    ErrorCode.STALE,
                    "home="
                            + home
                            + " epoch="
                            + request.getEpoch()
                            + " may not start "
                            + guest.process()
                            + " of epoch="
                            + guest.epoch());
        }
        if (guest.record().state() == GuestRecord.State.RESERVED && arrivals.containsKey(move)) {
            throw new RefusedException(ErrorCode.STALE, "body is not complete: move=" + move);
        }
        long begin = System.nanoTime();
        if (guest.record().state() != GuestRecord.State.RUNNING) {
            faults.at(FaultPoint.TARGET_THAW);
            programs.limit(guest.capsule().guests().pids());
            guest.capsule().guests().thaw();
            routes.bodyIsHere(
                    guest.process(),
                    guest.epoch(),
                    guest.capsule().id(),
                    Set.copyOf(guest.record().links()));
            guests.advance(guest.with(GuestRecord.State.RUNNING));
            Optional.ofNullable(arrivals.remove(move)).ifPresent(Arrival::release);
            LOG.info("body runs here: process={} epoch={}", guest.process(), guest.epoch());
            faults.at(FaultPoint.TARGET_THAWED);
        }
        return ThawReply.newBuilder().setMicros((System.nanoTime() - begin) / 1000).build();
    }

    private DiscardReply discard(NodeId from, DiscardRequest request) {
        if (!request.getMoveId().isEmpty()) {
            guests.byMove(MoveId.parse(request.getMoveId()))
                    .filter(g -> mayDiscard(from, g))
                    .ifPresent(g -> discard(g, request.getWhy()));
            return DiscardReply.getDefaultInstance();
        }
        HomePid process = Protos.process(request.getProcess());
        guests.all().stream()
                .filter(g -> g.process().equals(process) && process.home().equals(from))
                .filter(g -> g.epoch().value() <= request.getEpoch())
                .forEach(g -> discard(g, request.getWhy()));
        return DiscardReply.getDefaultInstance();
    }

    /** Home may always; a source only what it sent itself and what does not run yet. */
    private static boolean mayDiscard(NodeId from, Guest guest) {
        return guest.process().home().equals(from)
                || (guest.record().source().equals(from)
                        && guest.record().state() != GuestRecord.State.RUNNING);
    }

    private void discard(Guest guest, String why) {
        LOG.info(
                "body is thrown away: process={} epoch={} reason={}",
                guest.process(),
                guest.epoch(),
                why);
        drop(guest);
    }

    /** Everything of a guest goes. */
    public void drop(Guest guest) {
        Arrival arrival = arrivals.remove(guest.move());
        if (arrival != null) {
            arrival.cancel();
        } else {
            guest.capsule().destroy();
        }
        guests.byMove(guest.move())
                .filter(g -> g.record().state() == GuestRecord.State.RUNNING)
                .ifPresent(g -> routes.bodyLeft(g.process(), g.epoch()));
        guests.remove(guest);
        capsules.remove(guest.capsule().id());
    }

    private HoldReply hold(HoldRequest request) {
        HomePid process = Protos.process(request.getProcess());
        boolean held =
                guests.all().stream()
                        .anyMatch(
                                g ->
                                        g.process().equals(process)
                                                && g.epoch().value() == request.getEpoch()
                                                && g.capsule().alive());
        return HoldReply.newBuilder().setHeld(held).build();
    }

    /** What this host holds of one home's processes. */
    public GuestInventory inventory(NodeId home, String bootId) {
        GuestInventory.Builder inventory = GuestInventory.newBuilder().setBootId(bootId);
        for (Guest guest : guests.all()) {
            if (!guest.process().home().equals(home)) {
                continue;
            }
            if (guest.record().state() == GuestRecord.State.RUNNING) {
                inventory.addGuests(
                        GuestItem.newBuilder()
                                .setProcess(Protos.process(guest.process()))
                                .setEpoch(guest.epoch().value()));
            } else {
                inventory.addPendingMoves(guest.move().toString());
            }
        }
        return inventory.build();
    }

    /** This node is also the home of some: it hears of its own guests like any other home. */
    public void announceToSelf(String bootId) {
        calls.tell(calls.self(), inventory(calls.self(), bootId));
    }

    private void askUntilDecided(Guest guest) {
        while (!closed && guests.byMove(guest.move()).filter(this::pending).isPresent()) {
            try {
                DecisionReply reply =
                        calls.ask(
                                guest.process().home(),
                                DecisionRequest.newBuilder()
                                        .setMoveId(guest.move().toString())
                                        .build(),
                                DecisionReply.class);
                switch (reply.getDecision()) {
                    case COMMITTED ->
                            // home thaws what it has committed; it learns that we are here by our
                            // inventory
                            LOG.info("body waits for home's word: process={}", guest.process());
                    case INTENT -> LOG.debug("not decided yet: move={}", guest.move());
                    case ABORTED, UNKNOWN, UNRECOGNIZED ->
                            discard(guest, "home has aborted the move");
                }
            } catch (MigException e) {
                LOG.debug("home cannot be asked now: {}", e.getMessage());
            }
            LockSupport.parkNanos(ASK_AGAIN_NANOS);
        }
    }

    private boolean pending(Guest guest) {
        return guest.record().state() != GuestRecord.State.RUNNING;
    }

    /** The capsules of this host, for listings and for moves that start here. */
    public List<Guest> all() {
        return guests.all();
    }

    /** The files of the homes whose guests are here. */
    public HomeTrees trees() {
        return trees;
    }

    public Guests guests() {
        return guests;
    }
}
