package io.mig.agent.balance;

import io.mig.agent.verb.ManagedHere;
import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Birth;
import io.mig.balance.decide.Decider;
import io.mig.balance.decide.Decision;
import io.mig.balance.decide.Explanation;
import io.mig.balance.decide.Holds;
import io.mig.balance.decide.Measure;
import io.mig.balance.decide.NewProgram;
import io.mig.balance.decide.NodeTerms;
import io.mig.balance.decide.Placement;
import io.mig.balance.decide.Proposal;
import io.mig.balance.decide.WhyNot;
import io.mig.balance.gossip.GossipCodec;
import io.mig.balance.gossip.GossipConfig;
import io.mig.balance.gossip.GossipNode;
import io.mig.balance.gossip.MemberState;
import io.mig.balance.gossip.Outgoing;
import io.mig.balance.policy.Automation;
import io.mig.balance.policy.Policy;
import io.mig.balance.policy.SignedPolicy;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.load.DirtyMeter;
import io.mig.load.SpeedGauge;
import io.mig.migration.target.Guest;
import io.mig.migration.target.GuestRecord;
import io.mig.model.ErrorCode;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.model.RefusedException;
import io.mig.wire.proto.ArrivalAsk;
import io.mig.wire.proto.ArrivalOver;
import io.mig.wire.proto.ArrivalReply;
import io.mig.wire.proto.GossipItem;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fork and forget on one node: looks, tells, decides, and starts moves, once per second and
 * whenever a move has ended. All state belongs to the thread {@code balance}; {@link #ask} brings
 * questions to it. Nothing is touched that is not managed, so a node without managed processes
 * takes part in gossip and does nothing else.
 */
public final class Balancer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Balancer.class);
    private static final long PERIOD_MILLIS = 1000;
    private static final long SOONEST_MILLIS = 250;
    private static final long UNSEEN_MILLIS = 3000;

    /** Programs that are begun elsewhere at a time; each takes 0.2 s of two agents. */
    private static final int MOST_BIRTHS = 16;

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Dearer looks are made once per second only: four of these cost one percent of a core. */
    private static final long QUICK_LOOK_NANOS = 2_500_000;

    private final BalanceParts parts;
    private final Clock clock = new Clock();
    private final ScheduledExecutorService owner;
    private final GossipNode gossip;
    private final ManagedScan scan;
    private final ExecutorService walks;
    private final DirtyMeter dirty;
    private final NodeSensor sensor;
    private final Arrivals arrivals = new Arrivals();
    private final Departures departures;
    private final Promises promises = new Promises();
    private final Views views;
    private final DoorState doors;
    private final ResidentStore store;
    private final OwnerWatch ownerWatch;
    private final LocalPolicy localPolicy;
    private final ClusterPolicy clusterPolicy;
    private final Events events;
    private final RoomSign sign;
    private final BriefOnes brief = new BriefOnes();
    private int birthsUnderWay;
    private long lastPid;

    private final Map<HomePid, Resident> residents = new HashMap<>();
    private final Map<HomePid, HomePid> planned = new HashMap<>();
    private final Set<NodeId> malformed = new HashSet<>();

    /** Programs that have begun here and that no look has seen yet. */
    private final Map<HomePid, Long> startedHere = new HashMap<>();

    private List<Managed> present = List.of();
    private volatile List<ManagedHere.AtHome> atHome = List.of();
    private volatile Map<HomePid, ManagedHere.Figures> figures = Map.of();
    private volatile Map<NodeId, String> doubts = Map.of();
    private NodeFacts own;
    private Holds holds = Holds.NONE;
    private final ThreadMXBean processorTime = ManagementFactory.getThreadMXBean();
    private long lookNanos;
    private long lastDecision;
    private boolean failing;
    private boolean closed;

    Balancer(BalanceParts parts) {
        this.parts = parts;
        this.owner =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("balance").factory());
        NodeId self = parts.self();
        this.events = new Events(parts.wall());
        this.gossip =
                new GossipNode(
                        self,
                        parts.wall().millis() / 1000,
                        parts.network().peers(),
                        GossipConfig.USUAL,
                        new Random());
        this.scan =
                new ManagedScan(
                        self,
                        parts.proc(),
                        parts.procRoot(),
                        new Accounts(Path.of("/etc/passwd"), Path.of("/etc/group")),
                        parts.trees()::throughHome,
                        guest -> parts.relayed().applyAsLong(guest.process()));
        this.walks =
                Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("dirty-meter").factory());
        this.dirty = new DirtyMeter(walks);
        this.sensor =
                new NodeSensor(
                        self,
                        parts.load(),
                        parts.limit(),
                        parts.images(),
                        parts.room(),
                        parts.pretence(),
                        Runtime.getRuntime().availableProcessors());
        this.departures = new Departures(parts.calls(), clock, this::post);
        this.views = new Views(parts.network(), gossip, departures, promises, parts.arch());
        this.doors = new DoorState(parts.state().resolve("doors"));
        this.store = new ResidentStore(parts.state().resolve("residents"));
        this.ownerWatch = new OwnerWatch(Path.of("/dev"));
        this.localPolicy = new LocalPolicy(parts.policyFile(), parts.policy(), events);
        this.clusterPolicy =
                new ClusterPolicy(
                        parts.state().resolve("policy.signed"),
                        parts.policy(),
                        parts.signer(),
                        events);
        this.own = sensor.facts(0, 0, Announced.NOTHING, Doors.OPEN);
        this.sign = new RoomSign(parts.sign());
    }

    /** Begins; messages of others are taken from now on. */
    void start() {
        doors.load();
        store.load(parts.wall().millis());
        localPolicy.refresh();
        clusterPolicy.load();
        gossip.obeys(parts.policy().signedVersion());
        SpeedGauge gauge = new SpeedGauge(parts.state().resolve("speed"));
        Thread.ofPlatform()
                .daemon()
                .name("speed-gauge")
                .start(
                        () -> {
                            double speed = gauge.speed();
                            post(() -> sensor.speed(speed));
                        });
        parts.calls().listen(GossipItem.class, (from, item) -> post(() -> heard(from, item)));
        parts.calls().listen(ArrivalOver.class, (from, over) -> post(() -> over(from, over)));
        parts.calls().serve(ArrivalAsk.class, (from, ask) -> ask(() -> arrival(from, ask)));
        var _ =
                owner.scheduleWithFixedDelay(
                        this::tickOrReport, PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
        var _ =
                owner.scheduleWithFixedDelay(
                        this::lookIfFull, SOONEST_MILLIS, SOONEST_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Says good-bye; processes stay where they are. */
    @Override
    public void close() {
        post(
                () -> {
                    closed = true;
                    sign.close();
                    send(gossip.leave(clock.millis()));
                });
        owner.shutdown();
        walks.shutdownNow();
        try {
            if (!owner.awaitTermination(1, TimeUnit.SECONDS)) {
                owner.shutdownNow();
            }
        } catch (InterruptedException e) {
            owner.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Lets the owner thread do something. */
    void post(Runnable work) {
        try {
            owner.execute(work);
        } catch (RejectedExecutionException e) {
            LOG.debug("too late, the balancer is closed");
        }
    }

    /** Asks the owner thread and waits. */
    <T> T ask(Callable<T> question) throws Exception {
        try {
            return owner.submit(question).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    Events events() {
        return events;
    }

    LocalPolicy localPolicy() {
        return localPolicy;
    }

    Policy policy() {
        return parts.policy().policy();
    }

    private void tickOrReport() {
        try {
            tick();
            failing = false;
        } catch (RuntimeException e) {
            // scheduled work that throws is never run again; an outage is told once
            if (!failing) {
                failing = true;
                LOG.error("balancing failed and is tried again each second", e);
            }
        }
    }

    /** What was forked a moment ago onto a full node need not wait for the next second. */
    private void lookIfFull() {
        try {
            if (lookNanos <= QUICK_LOOK_NANOS
                    && scan.any()
                    && sensor.full(own)
                    && clock.millis() - lastDecision >= SOONEST_MILLIS) {
                long begin = processorTime.getCurrentThreadCpuTime();
                look();
                publish(clock.millis());
                decide(clock.millis());
                lookNanos = processorTime.getCurrentThreadCpuTime() - begin;
            }
        } catch (RuntimeException e) {
            LOG.debug("the next regular look tells more", e);
        }
    }

    private void tick() {
        localPolicy.refresh();
        long begin = processorTime.getCurrentThreadCpuTime();
        look();
        lookNanos = processorTime.getCurrentThreadCpuTime() - begin;
        measureMemory();
        long now = clock.millis();
        watchDoors(now);
        for (NodeId peer : parts.network().peers()) {
            if (!parts.network().state(peer).up()
                    && gossip.members().get(peer) == MemberState.ALIVE) {
                gossip.unreachable(peer, now);
            }
        }
        publish(now);
        send(gossip.tick(now));
        gossip.takeNewerPolicyAt().ifPresent(this::fetchPolicy);
        promises.due(now).forEach(this::check);
        doubts = promises.doubts(parts.network().peers(), now);
        decide(now);
    }

    private void fetchPolicy(NodeId from) {
        Thread.ofVirtual()
                .name("policy-of-" + from)
                .start(
                        () -> {
                            try {
                                SignedPolicy newer = BalanceAnswers.fetchPolicy(parts, from);
                                post(() -> adopt(newer, "from " + from));
                            } catch (RuntimeException e) {
                                // whoever pings next with a newer version is asked
                                LOG.info("no policy from {}: {}", from, e.getMessage());
                                post(() -> gossip.obeys(parts.policy().signedVersion()));
                            }
                        });
    }

    /** Asks what became of a process that was sent away. */
    private void check(Promises.Promise promise) {
        Thread.ofVirtual()
                .name("progress-of-" + promise.process().brief())
                .start(
                        () -> {
                            try {
                                Promises.Progress had =
                                        BalanceAnswers.askProgress(
                                                parts, promise.node(), promise.process());
                                post(() -> settle(promise, had));
                            } catch (RuntimeException e) {
                                // it went on or has ended, or the node cannot say: nobody is blamed
                                LOG.debug("no progress known: {} {}", promise, e.getMessage());
                            }
                        });
    }

    private void settle(Promises.Promise promise, Promises.Progress had) {
        long now = clock.millis();
        NodeView claimed = viewNow().nodes().get(promise.node());
        if (claimed != null) {
            promises.settle(promise, had, claimed, now).ifPresent(t -> events.add("doubt", t));
        }
    }

    /** What a guest of this node had since it came. */
    Promises.Progress progress(HomePid process) {
        return parts.guests().all().stream()
                .filter(
                        g ->
                                g.process().equals(process)
                                        && g.record().state() == GuestRecord.State.RUNNING)
                .findFirst()
                .map(
                        g ->
                                scan.progress(
                                        g.capsule().guests().pids(),
                                        sensor.speed(),
                                        sensor.isLimited()))
                .orElseThrow(
                        () ->
                                new RefusedException(
                                        ErrorCode.NOT_FOUND,
                                        process.brief() + " is not on " + parts.self()));
    }

    private void promised(Departures.Order order) {
        NodeView there = viewNow().nodes().get(order.to());
        if (there != null) {
            double demand = order.request().process().usage().demand();
            promises.made(order.process(), there, demand, clock.millis());
        }
    }

    private void adopt(SignedPolicy policy, String from) {
        clusterPolicy.adopt(policy, from);
        gossip.obeys(parts.policy().signedVersion());
    }

    /** Makes a policy for the whole cluster. */
    void publishPolicy(String text) throws GeneralSecurityException {
        clusterPolicy.publish(text);
        gossip.obeys(parts.policy().signedVersion());
    }

    /** Finds out what is here now. */
    private void look() {
        long now = clock.millis();
        lastPid = NodeSensor.lastPid();
        List<Guest> guests = parts.guests().all();
        Set<HomePid> running = new HashSet<>();
        for (Guest guest : guests) {
            if (guest.record().state() == GuestRecord.State.RUNNING) {
                running.add(guest.process());
            }
        }
        Set<Integer> deputies = new HashSet<>();
        parts.away().all().forEach(record -> deputies.addAll(record.links()));
        // then all guests go, also those that somebody moved here by hand
        boolean leaving = doors.draining() || ownerWatch.since().isPresent();
        ManagedScan.Result found =
                scan.scan(
                        policy(),
                        guests,
                        deputies,
                        p -> leaving || arrivals.knows(p) || residents.containsKey(p),
                        sensor.isLimited(),
                        System.nanoTime());
        present = found.processes();
        atHome =
                present.stream()
                        .filter(m -> !m.guest())
                        .map(
                                m ->
                                        new ManagedHere.AtHome(
                                                m.process(),
                                                m.uid(),
                                                m.command(),
                                                departures.isUnderWay(m.process())))
                        .toList();
        for (Managed m : present) {
            residents.computeIfAbsent(m.process(), p -> resident(m, guests, now)).seen(now);
        }
        residents.values().removeIf(r -> !r.seenAt(now));
        startedHere.keySet().removeIf(residents::containsKey);
        forgetStarted(now);
        store.save(residents, now, parts.wall().millis());
        arrivals.settle(running, now);
        double wanted = present.stream().mapToDouble(Managed::demand).sum();
        sensor.othersRan(found.runningOthers(), wanted);
    }

    /** Who is on its way is left alone: a walk of its pages would make its freeze longer. */
    private void measureMemory() {
        dirty.look(
                present.stream()
                        .filter(m -> !departures.isUnderWay(m.process()))
                        .map(
                                m ->
                                        new DirtyMeter.Candidate(
                                                m.process(), m.pids(), m.residentBytes(), m.runs()))
                        .toList());
        Map<HomePid, ManagedHere.Figures> known = new HashMap<>();
        for (Managed m : present) {
            known.put(m.process(), figures(m));
        }
        figures = known;
    }

    ManagedHere.Figures figures(Managed m) {
        return new ManagedHere.Figures(
                dirty.rate(m.process()), m.homeBytesPerSecond(), m.relayedBytesPerSecond());
    }

    private Resident resident(Managed m, List<Guest> guests, long now) {
        Optional<Resident> kept = store.take(m.process()).map(k -> Resident.of(k, now));
        if (!m.guest()) {
            return kept.orElseGet(() -> Resident.born(now - m.ageMillis()));
        }
        return arrivals.takeResident(m.process(), parts.self(), now)
                .or(() -> kept)
                .orElseGet(
                        () -> {
                            // it came by somebody's order, or an earlier agent knew it
                            List<PastMove> history = new ArrayList<>();
                            for (Guest g : guests) {
                                if (g.process().equals(m.process())) {
                                    history.add(
                                            new PastMove(
                                                    g.record().source(), parts.self(), 0, false));
                                }
                            }
                            return Resident.arrived(now, 0, 1, history, Optional.empty());
                        });
    }

    private void watchDoors(long now) {
        NodeTerms terms = NodeTerms.of(policy(), NodeView.of(own, 0));
        boolean changed =
                ownerWatch.refresh(
                        terms.ownerFirst(), terms.hours(), policy().owner().idleAfter(), now);
        if (changed) {
            events.add(
                    "owner",
                    ownerWatch.since().isPresent()
                            ? "the owner of " + parts.self() + " is back; guests give way"
                            : "the owner of " + parts.self() + " is gone; guests are welcome");
        }
    }

    private Doors doorsNow() {
        return new Doors(
                doors.cordoned(),
                doors.draining(),
                ownerWatch.since().isPresent(),
                sensor.diskFull(),
                parts.maxGuests(),
                0,
                parts.memoryReserveBytes());
    }

    private void publish(long now) {
        double staying =
                present.stream()
                                .filter(m -> !departures.isUnderWay(m.process()))
                                .mapToDouble(Managed::demand)
                                .sum()
                        + startedHere.size();
        int guests = parts.guests().all().size();
        Doors open = doorsNow();
        own = sensor.facts(staying, guests, Announced.NOTHING, open);
        // what is told is what is there and what is on its way
        send(gossip.publish(sensor.facts(staying, guests, arrivals.announced(), open), now));
        if (!closed) {
            sign.show(roomMode(now), NodeSensor.room(own), lastPid, sensor.runningIfRoom());
        }
    }

    /** What one program more would hear, as far as is known before it asks. */
    private RoomSign.Mode roomMode(long now) {
        boolean possible =
                parts.desk().bears()
                        && policy().birth().place()
                        && policy().automation() != Automation.MANUAL
                        && gossip.members().entrySet().stream()
                                .anyMatch(
                                        m ->
                                                m.getValue() == MemberState.ALIVE
                                                        && !m.getKey().equals(parts.self()));
        if (!possible) {
            return RoomSign.Mode.NOBODY;
        }
        if (NodeSensor.room(own) > 0) {
            return RoomSign.Mode.ROOM;
        }
        NewProgram any = NewProgram.of(parts.self(), "", "");
        return Birth.place(views.forBirth(view(now)), policy(), any) instanceof Placement.Away
                ? RoomSign.Mode.NONE
                : RoomSign.Mode.NOBODY;
    }

    /** Programs that began here are forgotten when they have been seen, or have ended. */
    private void forgetStarted(long now) {
        startedHere
                .entrySet()
                .removeIf(s -> s.getValue() < now - UNSEEN_MILLIS || !lives(s.getKey()));
    }

    private boolean lives(HomePid process) {
        return parts.proc()
                .stat(process.pid())
                .filter(s -> s.startTicks() == process.startTicks() && !s.zombie())
                .isPresent();
    }

    private void send(List<Outgoing> messages) {
        for (Outgoing out : messages) {
            parts.calls().tell(out.to(), BalanceProtos.gossip(out.message()));
        }
    }

    private void heard(NodeId from, GossipItem item) {
        if (closed) {
            return;
        }
        try {
            send(gossip.receive(from, BalanceProtos.gossip(item), clock.millis()));
        } catch (GossipCodec.MalformedException e) {
            if (malformed.add(from)) {
                LOG.warn("gossip of another kind is ignored: from={} {}", from, e.getMessage());
            }
        }
    }

    private ArrivalReply arrival(NodeId from, ArrivalAsk ask) {
        ArrivalRequest request = BalanceProtos.request(from, ask);
        long now = clock.millis();
        NodeView self = views.self(own, arrivals.announced());
        ClusterView view =
                new ClusterView(parts.self(), now, Map.of(parts.self(), self), processViews(now));
        return arrivals.ask(from, request, view, policy());
    }

    private void over(NodeId from, ArrivalOver over) {
        arrivals.over(from, over.getTicket());
    }

    // --- deciding ---

    /** All that this node knows, now. */
    private ClusterView view(long now) {
        OptionalLong deadline = OptionalLong.empty();
        if (doors.deadlineEpochMillis().isPresent()) {
            long left = doors.deadlineEpochMillis().getAsLong() - parts.wall().millis();
            deadline = OptionalLong.of(now + left);
        }
        return new ClusterView(
                parts.self(),
                now,
                views.nodes(own, arrivals.announced(), now),
                processViews(now),
                ownerWatch.since(),
                deadline);
    }

    private List<ProcessView> processViews(long now) {
        List<ProcessView> all = new ArrayList<>();
        for (Managed m : present) {
            Resident r = residents.get(m.process());
            if (r != null) {
                all.add(
                        views.process(
                                m,
                                r,
                                dirty.rate(m.process()),
                                sensor.speed(),
                                departures.isUnderWay(m.process()),
                                now));
            }
        }
        return all;
    }

    private void decide(long now) {
        lastDecision = now;
        if (present.isEmpty()) {
            holds = Holds.NONE;
            return;
        }
        ClusterView view = view(now);
        Decision decision = Decider.decide(view, policy(), holds);
        holds = decision.holds();
        take(decision.measures());
        for (Proposal proposal : decision.proposals()) {
            if (proposal.automatic()) {
                begin(proposal, view, now);
            }
        }
    }

    /** What is done with guests where they are; whom no measure names any more is as before. */
    private void take(List<Measure> measures) {
        Set<HomePid> calmed = new HashSet<>();
        for (Measure m : measures) {
            boolean news =
                    switch (m.kind()) {
                        case RENICE -> parts.courtesy().renice(m.process());
                        case FREEZE -> parts.courtesy().freeze(m.process());
                        case RESTORE -> false;
                    };
            if (m.kind() != Measure.Kind.RESTORE) {
                calmed.add(m.process());
            }
            if (news) {
                events.add(
                        "owner",
                        m.process().brief()
                                + (m.kind() == Measure.Kind.FREEZE
                                        ? " stands still while the owner is busy"
                                        : " has the lowest priority now"));
            }
        }
        for (HomePid process : parts.courtesy().held()) {
            if (!calmed.contains(process) && parts.courtesy().restore(process)) {
                events.add("owner", process.brief() + " runs as before");
            }
        }
    }

    private void begin(Proposal proposal, ClusterView view, long now) {
        Resident r = residents.get(proposal.process());
        if (r == null
                || closed
                || departures.isUnderWay(proposal.process())
                || departures.lineIsBusy(proposal.target())
                || departures.count() >= policy().balance().movesAtOnce()) {
            return;
        }
        for (ProcessView p : view.processes()) {
            if (p.process().equals(proposal.process())) {
                departures.begin(
                        new Departures.Order(
                                new ArrivalRequest(
                                        p,
                                        Optional.of(proposal.reason()),
                                        proposal.estimate().speedHere()),
                                r.history(now),
                                proposal.target(),
                                reason(proposal)),
                        this::ended);
            }
        }
    }

    /** What the journal keeps, for {@code mig why} and {@code mig log}. */
    private static String reason(Proposal p) {
        String gain =
                p.reason().mandatory()
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; runs at %.2f instead of %.2f, saves %.1f s of %.1f s",
                                p.estimate().speedThere(),
                                p.estimate().speedHere(),
                                p.estimate().secondsSaved(),
                                p.estimate().secondsIfStays());
        return p.reason() + ": " + p.reason().words() + gain;
    }

    private void ended(Departures.End end) {
        long now = clock.millis();
        Departures.Order order = end.order();
        Optional<Resident> resident = Optional.ofNullable(residents.get(order.process()));
        String who = order.process().brief() + " (" + order.request().process().command() + ")";
        switch (end) {
            case Departures.End.Moved moved -> {
                promised(order);
                events.add(
                        "moved",
                        String.format(
                                Locale.ROOT,
                                "%s to %s, frozen %.0f ms of %.0f ms; %s",
                                who,
                                order.to(),
                                moved.freezeMillis(),
                                moved.totalMillis(),
                                order.reason()));
            }
            case Departures.End.Refused refused -> {
                refused.facts().ifPresent(facts -> gossip.correct(facts, now));
                LOG.debug("{} is not taken by {}: {}", who, order.to(), refused.why());
                resident.ifPresent(
                        r -> r.postpone(order.to() + " refused: " + refused.why(), 500, now));
            }
            case Departures.End.Busy busy ->
                    resident.ifPresent(
                            r -> r.postpone(order.to() + " is busy", busy.retryMillis(), now));
            case Departures.End.Failed failed -> {
                // programs end while they are looked at; that is no trouble
                if (present.stream().anyMatch(m -> m.process().equals(order.process()))) {
                    boolean news = resident.map(r -> !r.lastTrouble(failed.why())).orElse(true);
                    resident.ifPresent(r -> r.failed(failed.why(), failed.soon(), now));
                    if (news) {
                        events.add("failed", who + " to " + order.to() + ": " + failed.why());
                    }
                }
            }
        }
        if (!closed && now - lastDecision >= SOONEST_MILLIS) {
            look();
            publish(clock.millis());
            decide(clock.millis());
        }
    }

    // --- programs that begin ---

    /**
     * Decides where a program begins, and has it begun there.
     *
     * @param best somewhere else if that is any better, even if there is room here
     * @param file its file
     * @param stays why it begins here unless asked otherwise; empty: nothing speaks for that
     * @param start starts it elsewhere; blocks, on a thread of its own
     */
    CompletableFuture<Births.Outcome> birth(
            NewProgram program,
            HomePid process,
            boolean best,
            Path file,
            Optional<String> stays,
            Function<Departures.Order, Departures.End> start) {
        long now = clock.millis();
        forgetStarted(now);
        publish(now);
        boolean free = !best && program.on().isEmpty();
        Optional<String> here =
                !free
                        ? Optional.empty()
                        : stays.or(() -> brief.why(file, this::lives, now))
                                .or(
                                        () ->
                                                birthsUnderWay < MOST_BIRTHS
                                                        ? Optional.empty()
                                                        : Optional.of("many begin at once"));
        Placement placement = Birth.place(views.forBirth(view(now)), policy(), program);
        return switch (placement) {
            case Placement.AtHome(String why) -> {
                startedHere.put(process, now);
                yield CompletableFuture.completedFuture(
                        new Births.Outcome.Here(why, Optional.empty()));
            }
            case Placement.Nowhere(var why) -> CompletableFuture.completedFuture(nowhere(why));
            case Placement.Away _ when here.isPresent() -> {
                startedHere.put(process, now);
                yield CompletableFuture.completedFuture(
                        new Births.Outcome.Here(here.get(), Optional.empty()));
            }
            case Placement.Away(var node, var _, var _, var _) when !parts.desk().bears() -> {
                startedHere.put(process, now);
                yield CompletableFuture.completedFuture(
                        new Births.Outcome.Here(
                                "home_files is off here",
                                best ? Optional.of(node) : Optional.empty()));
            }
            case Placement.Away(var node, var speedHome, var _, var why) -> {
                ProcessView view =
                        ProcessView.of(
                                        process,
                                        parts.self(),
                                        program.command(),
                                        program.user(),
                                        new Usage(program.demand(), 0, 0, 0, 0),
                                        0)
                                .withPin(program.on());
                double atLeast = program.on().isPresent() ? 0 : speedHome;
                CompletableFuture<Births.Outcome> outcome = new CompletableFuture<>();
                birthsUnderWay++;
                departures.born(
                        new Departures.Order(
                                new ArrivalRequest(view, Optional.empty(), atLeast),
                                List.of(),
                                node,
                                "BIRTH: begins where there is room; " + why),
                        start,
                        end -> {
                            birthsUnderWay--;
                            outcome.complete(born(end, file, best));
                        });
                yield outcome;
            }
        };
    }

    /** Only what home cannot run at all is not started; with all else it is begun here. */
    private Births.Outcome nowhere(Map<NodeId, WhyNot> why) {
        if (why.get(parts.self()) != WhyNot.MISSING_FEATURE) {
            return new Births.Outcome.Here("no node takes it now", Optional.empty());
        }
        StringBuilder text = new StringBuilder("fits nowhere:");
        new TreeMap<>(why)
                .forEach(
                        (node, not) ->
                                text.append(' ')
                                        .append(node)
                                        .append(": ")
                                        .append(not.words())
                                        .append(';'));
        return new Births.Outcome.Nowhere(text.substring(0, text.length() - 1));
    }

    private Births.Outcome born(Departures.End end, Path file, boolean best) {
        long now = clock.millis();
        Departures.Order order = end.order();
        String who = order.process().brief() + " (" + order.request().process().command() + ")";
        String why =
                switch (end) {
                    case Departures.End.Moved moved -> {
                        promised(order);
                        events.add(
                                "born",
                                String.format(
                                        Locale.ROOT,
                                        "%s on %s after %.0f ms; %s",
                                        who,
                                        order.to(),
                                        moved.totalMillis(),
                                        order.reason()));
                        yield "";
                    }
                    case Departures.End.Refused refused -> {
                        refused.facts().ifPresent(facts -> gossip.correct(facts, now));
                        yield order.to() + " refused: " + refused.why();
                    }
                    case Departures.End.Busy _ -> order.to() + " is busy";
                    case Departures.End.Failed failed -> failed.why();
                };
        if (why.isEmpty()) {
            brief.begun(order.process(), file, now);
            return new Births.Outcome.There(order.to());
        }
        startedHere.put(order.process(), now);
        LOG.info("program begins here: process={} not at={} {}", who, order.to(), why);
        return new Births.Outcome.Here(why, best ? Optional.of(order.to()) : Optional.empty());
    }

    // --- what people ask; called by the owner thread ---

    /** What would be moved now, and what waits. */
    Decision plan() {
        long now = clock.millis();
        Decision decision = Decider.decide(view(now), policy(), holds);
        planned.clear();
        decision.proposals().forEach(p -> planned.put(p.process(), p.process()));
        return decision;
    }

    /** Begins what the last plan said and is still right; returns what was begun. */
    List<Proposal> apply() {
        long now = clock.millis();
        ClusterView view = view(now);
        List<Proposal> begun = new ArrayList<>();
        for (Proposal p : Decider.decide(view, policy(), holds).proposals()) {
            if ((planned.isEmpty() || planned.containsKey(p.process()))) {
                begin(p, view, now);
                if (departures.isUnderWay(p.process())) {
                    begun.add(p);
                }
            }
        }
        planned.clear();
        return begun;
    }

    /** Why a process moves or stays; empty when it is not managed here. */
    Optional<Explanation> explain(HomePid process) {
        if (present.stream().noneMatch(m -> m.process().equals(process))) {
            return Optional.empty();
        }
        return Optional.of(Decider.explain(view(clock.millis()), policy(), holds, process));
    }

    Optional<Managed> find(HomePid process) {
        return present.stream().filter(m -> m.process().equals(process)).findFirst();
    }

    /** Processor time of its life, in seconds of a processor of speed 1. */
    double work(Managed m) {
        Resident r = residents.get(m.process());
        return m.cpuSeconds() * sensor.speed() + (r == null ? 0 : r.earlierCpuSeconds());
    }

    /** For any thread: those that have not left, as of the last look. */
    List<ManagedHere.AtHome> atHome() {
        return atHome;
    }

    /** For any thread: what was measured of the processes that are here, as of the last second. */
    Map<HomePid, ManagedHere.Figures> figuresNow() {
        return figures;
    }

    /** For any thread: nodes that get nothing by choice now, and why. */
    Map<NodeId, String> doubts() {
        return doubts;
    }

    List<Managed> present() {
        return present;
    }

    ClusterView viewNow() {
        return view(clock.millis());
    }

    @Nullable Resident resident(HomePid process) {
        return residents.get(process);
    }

    void pin(HomePid process, Optional<NodeId> node) {
        Resident r = residents.get(process);
        if (r != null) {
            r.pin(node);
            r.tryAgain();
        }
    }

    String trouble(Resident resident) {
        return resident.trouble(clock.millis()).orElse("");
    }

    boolean isUnderWay(HomePid process) {
        return departures.isUnderWay(process);
    }

    void cordon(boolean closed) {
        doors.cordon(closed);
        doorsChanged(closed ? "cordoned: takes nothing new" : "takes processes again");
    }

    void drain(boolean on, OptionalLong deadlineEpochMillis, String message) {
        doors.drain(on, deadlineEpochMillis, message);
        residents.values().forEach(Resident::tryAgain);
        doorsChanged(
                on
                        ? "is being emptied" + (message.isEmpty() ? "" : ": " + message)
                        : "is no longer emptied");
    }

    DoorState doors() {
        return doors;
    }

    void owner(Optional<Boolean> present) {
        ownerWatch.tell(present);
        watchDoors(clock.millis());
        publishAndDecide();
    }

    OptionalLong ownerSince() {
        return ownerWatch.since();
    }

    private void doorsChanged(String what) {
        events.add("doors", parts.self() + " " + what);
        publishAndDecide();
    }

    private void publishAndDecide() {
        long now = clock.millis();
        publish(now);
        decide(now);
    }
}
