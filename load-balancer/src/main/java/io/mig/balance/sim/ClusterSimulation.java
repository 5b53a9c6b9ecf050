package io.mig.balance.sim;

import io.mig.balance.decide.ArrivalAnswer;
import io.mig.balance.decide.ArrivalRequest;
import io.mig.balance.decide.Birth;
import io.mig.balance.decide.Decider;
import io.mig.balance.decide.Decision;
import io.mig.balance.decide.MoveCost;
import io.mig.balance.decide.NewProgram;
import io.mig.balance.decide.Placement;
import io.mig.balance.decide.Proposal;
import io.mig.balance.gossip.AgedFact;
import io.mig.balance.policy.BalanceRules;
import io.mig.balance.policy.BirthRules;
import io.mig.balance.policy.Policy;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Plays one scenario with one strategy, event by event. Used once, by one thread. The same scenario
 * gives the same outcome.
 *
 * <p>What is modelled: sharing of processors, crawling when memory is short, memory that grows,
 * facts that are late because they travel by gossip (one message per node and second, to a random
 * node, at each node's own beat), refusals by targets, time to start away, copying of memory over
 * lines that carry one move at a time, freezes, and work lost to far files. What is not: failures,
 * programs that wait for each other, and the load that gossip makes.
 */
final class ClusterSimulation {
    private static final int WINDOW = 256;
    private static final int FACTS_PER_MESSAGE = 12;
    private static final double RETURN_SECONDS = 300;
    private static final double LINE_PATIENCE = 0.5;
    private static final int STEPS_KEPT = 30;
    private static final double KNOWING_SECONDS = 0.1;
    private static final int MANY = 1000;

    /** Found by trying: with less or none, and with free return, who knows all does worse. */
    private static final double KNOWING_IMPROVEMENT = 0.05;

    private final Scenario scenario;
    private final Strategy strategy;
    private final Policy policy;
    private final Physics physics;
    private final double lookSeconds;
    private final SplittableRandom random;
    private final List<Machine> machines = new ArrayList<>();
    private final List<Brain> brains = new ArrayList<>();
    private final Map<NodeId, Integer> indexOf = new HashMap<>();
    private final double[] lineFree;
    private final double[] finish;
    private final List<Arrived> arrived = new ArrayList<>();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(
                    Comparator.comparingDouble(Event::at).thenComparingLong(Event::order));
    private long order;
    private double now;
    private int open;
    private int unborn;
    private int turn;

    private int bornAway;
    private int moves;
    private int pingPong;
    private int mostMoves;
    private int refused;
    private double frozen;

    private sealed interface What {
        record Start(int job) implements What {}

        record Finish(int node, int stamp) implements What {}

        record Tick(int node) implements What {}

        record Look(int node) implements What {}

        record Freeze(Trip trip) implements What {}

        record Arrive(Trip trip) implements What {}
    }

    /** A job that came to a node where it was not started. */
    record Arrived(int node, double at) {}

    private record Event(double at, long order, What what) {}

    ClusterSimulation(Scenario scenario, Strategy strategy, Policy policy, Physics physics) {
        this.scenario = scenario;
        this.strategy = strategy;
        this.policy = strategy == Strategy.KNOWING ? unbound(policy) : policy;
        this.physics = physics;
        this.lookSeconds = strategy == Strategy.KNOWING ? KNOWING_SECONDS : physics.lookSeconds();
        this.random = new SplittableRandom(scenario.seed() ^ 0x9e3779b97f4a7c15L);
        this.lineFree = new double[scenario.nodes().size()];
        this.finish = new double[scenario.jobs().size()];
        for (int i = 0; i < scenario.nodes().size(); i++) {
            machines.add(new Machine(scenario.nodes().get(i), i));
            NodeId id = new NodeId(String.format(Locale.ROOT, "n%04d", i));
            brains.add(new Brain(id, WINDOW, physics.line()));
            indexOf.put(id, i);
        }
    }

    Outcome run() {
        for (int i = 0; i < machines.size(); i++) {
            schedule(random.nextDouble() * physics.periodSeconds(), new What.Tick(i));
        }
        for (int i = 0; strategy.moves() && i < machines.size(); i++) {
            schedule(random.nextDouble() * lookSeconds, new What.Look(i));
        }
        for (int j = 0; j < scenario.jobs().size(); j++) {
            schedule(scenario.jobs().get(j).arrival(), new What.Start(j));
        }
        open = scenario.jobs().size();
        unborn = open;
        while (open > 0) {
            Event e = events.remove();
            now = e.at;
            switch (e.what) {
                case What.Start s -> start(s.job());
                case What.Finish f -> finished(f);
                case What.Tick t -> tick(t.node());
                case What.Look l -> look(l.node());
                case What.Freeze f -> freeze(f.trip());
                case What.Arrive a -> arrive(a.trip());
            }
        }
        return Slowdowns.outcome(
                scenario, finish, bornAway, moves, pingPong, mostMoves, refused, now, frozen);
    }

    /** Who came to which node when, births included; complete after {@link #run}. */
    List<Arrived> arrived() {
        return arrived;
    }

    private void schedule(double at, What what) {
        events.add(new Event(at, order++, what));
    }

    /** What runs on a machine has changed: the end that was foreseen is no longer true. */
    private void changed(Machine m) {
        m.stamp++;
        double at = m.nextFinish();
        if (at < Double.POSITIVE_INFINITY) {
            schedule(Math.max(now, at), new What.Finish(m.index, m.stamp));
        }
    }

    private void start(int j) {
        unborn--;
        SimJob job = scenario.jobs().get(j);
        Running r = new Running(job, j);
        int target = job.forked() ? job.home() : birthplace(r);
        if (target == job.home()) {
            machines.get(target).add(r, now);
            changed(machines.get(target));
        } else {
            bornAway++;
        }
    }

    /** Chooses; a job that is born away has been sent there already. */
    private int birthplace(Running r) {
        int home = r.job.home();
        return switch (strategy) {
            case NONE, FAIR, CLAIRVOYANT -> home;
            case RANDOM -> blindly(r, random.nextInt(machines.size()));
            case ROUND_ROBIN -> blindly(r, turn++ % machines.size());
            case PLACEMENT, OURS, KNOWING -> informedBirthplace(r);
        };
    }

    private int blindly(Running r, int target) {
        if (target != r.job.home()) {
            launch(new Trip(r, r.job.home(), target, -1, new MoveCost(0, 0, 0), true));
        }
        return target;
    }

    private int informedBirthplace(Running r) {
        int home = r.job.home();
        Brain brain = brains.get(home);
        for (int attempt = 0; attempt < 3; attempt++) {
            Placement placement =
                    Birth.place(
                            view(home, facts(home), List.of()),
                            birthPolicy(r),
                            NewProgram.of(brain.id, "job", "user"));
            if (!(placement instanceof Placement.Away away)) {
                return home;
            }
            int target = position(away.node());
            ProcessView p =
                    ProcessView.of(pid(r), brain.id, "job", "user", new Usage(1, 0, 0, 0, 2), 0);
            switch (ask(target, new ArrivalRequest(p, Optional.empty(), away.speedHome()))) {
                case ArrivalAnswer.Accepted a -> {
                    brain.sent(away.node(), 0, now);
                    launch(new Trip(r, home, target, a.ticket(), new MoveCost(0, 0, 0), true));
                    return target;
                }
                case ArrivalAnswer.Refused no -> {
                    refused++;
                    brain.loads.correct(no.facts(), Brain.millis(now));
                }
                case ArrivalAnswer.Busy _ -> {
                    return home;
                }
            }
        }
        return home;
    }

    private void launch(Trip trip) {
        trip.job().trip = trip;
        schedule(now + policy.birth().startCost().toNanos() / 1e9, new What.Arrive(trip));
    }

    private ArrivalAnswer ask(int target, ArrivalRequest request) {
        Brain there = brains.get(target);
        return there.desk.ask(there.ownView(facts(target), now), policy, request);
    }

    private void finished(What.Finish f) {
        Machine m = machines.get(f.node());
        if (m.stamp != f.stamp()) {
            return;
        }
        Running r = m.takeFinished(now);
        finish[r.index] = now;
        open--;
        Trip trip = r.trip;
        if (trip != null) {
            settle(trip); // it ended while its memory was being copied
            r.trip = null;
        }
        changed(m);
    }

    private void settle(Trip trip) {
        if (trip.ticket() >= 0) {
            brains.get(trip.to()).desk.settled(trip.ticket());
        }
    }

    private void tick(int i) {
        Machine m = machines.get(i);
        m.remeasure(now);
        changed(m);
        // without moves nobody needs news once all programs are started
        if (strategy.moves() || (strategy == Strategy.PLACEMENT && unborn > 0)) {
            Brain brain = brains.get(i);
            long millis = Brain.millis(now);
            brain.desk.expire(millis);
            if (strategy != Strategy.KNOWING) {
                brain.loads.publish(told(i), millis);
                tell(i, millis);
            }
            if (strategy.moves() && m.size() > 0) {
                decide(i);
            }
        }
        schedule(now + physics.periodSeconds(), new What.Tick(i));
    }

    /** A node that is too full looks again soon: who has just forked may have filled it. */
    private void look(int i) {
        Machine m = machines.get(i);
        if (m.size() > m.node.cores() || (strategy == Strategy.KNOWING && m.size() > 0)) {
            m.advance(now);
            decide(i);
        }
        schedule(now + lookSeconds, new What.Look(i));
    }

    /** The same rules without what protects from not knowing. */
    private static Policy unbound(Policy policy) {
        BalanceRules b = policy.balance();
        return policy.withBalance(
                new BalanceRules(
                        b.spread(),
                        Duration.ZERO,
                        KNOWING_IMPROVEMENT,
                        Duration.ZERO,
                        b.noReturn(),
                        MANY,
                        b.factHalfLife(),
                        b.maxFactAge(),
                        b.packFloor(),
                        b.packCeiling()));
    }

    /** Who knows all knows how long the new program will run. */
    private Policy birthPolicy(Running r) {
        BirthRules b = policy.birth();
        return strategy == Strategy.KNOWING
                ? policy.withBirth(
                        new BirthRules(
                                b.place(),
                                b.startCost(),
                                Duration.ofNanos((long) (r.job.work() * 1e9)),
                                0))
                : policy;
    }

    /** What a node knows of all. */
    private ClusterView view(int i, NodeFacts own, List<ProcessView> processes) {
        if (strategy != Strategy.KNOWING) {
            return brains.get(i).view(own, processes, now);
        }
        Map<NodeId, NodeView> nodes = new TreeMap<>();
        for (int k = 0; k < machines.size(); k++) {
            nodes.put(
                    brains.get(k).id,
                    k == i
                            ? NodeView.of(own, 0).withAnnounced(brains.get(i).desk.announced())
                            : NodeView.of(told(k), 0).withLink(physics.line()));
        }
        return new ClusterView(brains.get(i).id, Brain.millis(now), nodes, processes);
    }

    /** The message of this second, to a random node. */
    private void tell(int from, long millis) {
        int count = machines.size();
        if (count > 1) {
            int to = random.nextInt(count - 1);
            to = to >= from ? to + 1 : to;
            for (AgedFact fact :
                    brains.get(from).loads.select(FACTS_PER_MESSAGE, false, count, millis)) {
                brains.get(to).loads.merge(fact, millis);
            }
        }
    }

    private void decide(int i) {
        Brain brain = brains.get(i);
        Machine m = machines.get(i);
        List<ProcessView> processes = new ArrayList<>(m.size());
        Map<HomePid, Running> byPid = new HashMap<>();
        for (Running r : m.jobs()) {
            if (r.trip == null) {
                ProcessView p = view(m, r);
                processes.add(p);
                byPid.put(p.process(), r);
            }
        }
        // what is being copied already is as good as gone
        double leaving = m.size() - (double) processes.size();
        Decision d = Decider.decide(view(i, facts(i, -leaving), processes), policy, brain.holds);
        brain.holds = d.holds();
        for (Proposal proposal : d.proposals()) {
            Running r = byPid.get(proposal.process());
            if (r == null || !proposal.automatic()) {
                continue;
            }
            int target = position(proposal.target());
            if (Math.max(lineFree[i], lineFree[target]) > now + LINE_PATIENCE) {
                continue; // decided anew when the line is free
            }
            ArrivalRequest request =
                    new ArrivalRequest(
                            view(m, r),
                            Optional.of(proposal.reason()),
                            proposal.estimate().speedHere());
            switch (ask(target, request)) {
                case ArrivalAnswer.Accepted a -> {
                    brain.sent(proposal.target(), m.resident(r), now);
                    copy(new Trip(r, i, target, a.ticket(), proposal.estimate().cost(), false));
                }
                case ArrivalAnswer.Refused no -> {
                    refused++;
                    brain.loads.correct(no.facts(), Brain.millis(now));
                }
                case ArrivalAnswer.Busy _ -> refused++;
            }
        }
    }

    private void copy(Trip trip) {
        trip.job().trip = trip;
        double begin = Math.max(now, Math.max(lineFree[trip.from()], lineFree[trip.to()]));
        double end = begin + trip.cost().transferSeconds();
        lineFree[trip.from()] = end;
        lineFree[trip.to()] = end;
        schedule(end - trip.cost().freezeSeconds(), new What.Freeze(trip));
    }

    private void freeze(Trip trip) {
        Running r = trip.job();
        if (!trip.equals(r.trip)) {
            return; // it ended before
        }
        Machine m = machines.get(trip.from());
        m.remove(r, now);
        // what the copying cost it while it ran
        r.left += m.rate() * (trip.cost().lostSeconds() - trip.cost().freezeSeconds());
        changed(m);
        frozen += trip.cost().freezeSeconds();
        schedule(now + trip.cost().freezeSeconds(), new What.Arrive(trip));
    }

    private void arrive(Trip trip) {
        Running r = trip.job();
        settle(trip);
        r.trip = null;
        if (!trip.birth()) {
            moves++;
            for (Running.Step step : r.steps) {
                if (step.from() == trip.to() && now - step.at() < RETURN_SECONDS) {
                    pingPong++;
                }
            }
            r.steps.addFirst(new Running.Step(trip.from(), trip.to(), now));
            mostMoves = Math.max(mostMoves, r.steps.size());
        }
        Machine m = machines.get(trip.to());
        arrived.add(new Arrived(m.index, now));
        m.add(r, now);
        changed(m);
    }

    /** How a node really is at this moment. */
    private NodeFacts facts(int i) {
        return facts(i, 0);
    }

    /** What it tells others: what has been promised to it is as good as there. */
    private NodeFacts told(int i) {
        return facts(i, brains.get(i).desk.announced().runnable());
    }

    private NodeFacts facts(int i, double more) {
        Machine m = machines.get(i);
        SimNode n = m.node;
        return new NodeFacts(
                brains.get(i).id,
                new NodeCapacity(n.cores(), n.speed(), n.memoryBytes()),
                new NodeUse(m.size() + more, m.availableBytes(), new Psi(0, m.pressure(), 0), 0),
                Doors.OPEN);
    }

    private ProcessView view(Machine m, Running r) {
        m.advance(now);
        List<PastMove> past = new ArrayList<>();
        for (Running.Step s : r.steps.subList(0, Math.min(STEPS_KEPT, r.steps.size()))) {
            past.add(
                    new PastMove(
                            brains.get(s.from()).id,
                            brains.get(s.to()).id,
                            Brain.millis(now - s.at()),
                            false));
        }
        Usage usage =
                new Usage(
                        1,
                        (long) m.resident(r),
                        r.job.dirtyBytesPerSecond(),
                        r.job.homeBytesPerSecond(),
                        strategy == Strategy.KNOWING
                                ? m.left(r)
                                : Math.max(0, r.job.work() - m.left(r)));
        return ProcessView.of(
                        pid(r),
                        brains.get(m.index).id,
                        "job",
                        "user",
                        usage,
                        Brain.millis(now - r.since))
                .withMoves(r.steps.size(), past);
    }

    private HomePid pid(Running r) {
        return new HomePid(brains.get(r.job.home()).id, r.index + 1, 0);
    }

    private int position(NodeId id) {
        Integer index = indexOf.get(id);
        if (index == null) {
            throw new IllegalStateException("no such node in the scenario, node=" + id);
        }
        return index;
    }
}
