package io.mig.home.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.home.relay.RelaySimulation.LinkEnd;
import io.mig.home.relay.RelaySimulation.Program;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever happens to connections, agents and owners, in any order: once all is quiet and
 * connected, each end of a link has received what the other has sent, in order and once; events
 * have arrived in order and once, signals at least once.
 */
@Timeout(300)
class RelayPropertyTest {
    private static final NodeId HOME = new NodeId("home");
    private static final List<NodeId> NODES =
            List.of(HOME, new NodeId("host1"), new NodeId("host2"));
    private static final List<Integer> LINKS = List.of(100, 101, 102);

    private final long seed = Long.getLong("mig.test.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final RelaySimulation simulation = new RelaySimulation(random);
    private final HomePid process = RelaySimulation.process(HOME, 100);
    private final Map<Integer, LinkEnd> homeEnds = new HashMap<>();
    private final Map<Integer, LinkEnd> bodyEnds = new HashMap<>();
    private final Map<Integer, Program> deputies = new HashMap<>();
    private final List<Runnable> announcements = new ArrayList<>();
    private final List<String> eventsOfOwner = new ArrayList<>();
    private final List<Integer> killed = new ArrayList<>();
    private NodeId owner = HOME;
    private Epoch epoch = Epoch.ZERO;
    private Program capsule;
    private boolean agentRestarted;
    private int signals;

    RelayPropertyTest() {
        NODES.forEach(simulation::node);
        connectAll();
        for (int link : LINKS) {
            homeEnds.put(link, new LinkEnd(link));
            bodyEnds.put(link, new LinkEnd(link));
            deputies.put(
                    link,
                    simulation
                    .new Program(HOME, UUID.randomUUID(), true, Map.of(link, at(homeEnds, link))));
        }
        capsule = capsuleOn(NODES.get(1));
        // a home knows the route before anything can befall a deputy
        simulation.node(HOME).core.home(process, epoch, owner, Set.copyOf(LINKS));
        announce(owner, epoch, capsule);
    }

    @RepeatedTest(20)
    void shouldDeliverEverythingOnceInOrderWhateverHappens() {
        deputies.values().forEach(Program::connect);
        for (int i = 0; i < 5000; i++) {
            somethingHappens();
        }

        connectAll();
        while (!announcements.isEmpty()) {
            announcements.removeFirst().run();
        }
        simulation.settle();

        for (int link : LINKS) {
            assertThat(at(bodyEnds, link).received)
                    .as("at the body, link=%d seed=%d", link, seed)
                    .isEqualTo(upTo(at(homeEnds, link).sent()));
            assertThat(at(homeEnds, link).received)
                    .as("at the deputy, link=%d seed=%d", link, seed)
                    .isEqualTo(upTo(at(bodyEnds, link).sent()));
        }
        if (!agentRestarted) {
            assertNoticesArrived();
        }
    }

    private void assertNoticesArrived() {
        List<String> atHome = simulation.node(HOME).events;
        assertThat(atHome).as("seed=%d", seed).doesNotHaveDuplicates();
        assertThat(atHome.stream().filter(event -> event.startsWith(epoch + "/")).toList())
                .as("seed=%d", seed)
                .isEqualTo(eventsOfOwner);
        long carriedOut =
                NODES.stream()
                        .flatMap(node -> simulation.node(node).signals.stream())
                        .filter(signal -> signal.endsWith(":19"))
                        .count();
        assertThat(carriedOut).as("seed=%d", seed).isGreaterThanOrEqualTo(signals);
        assertThat(simulation.node(owner).signals)
                .as("seed=%d", seed)
                .containsAll(killed.stream().map(link -> link + ":9").toList());
    }

    private void somethingHappens() {
        if (!announcements.isEmpty() && random.nextInt(20) == 0) {
            announcements.remove(random.nextInt(announcements.size())).run();
        }
        switch (random.nextInt(250)) {
            case 0 -> {
                NodeId one = any(NODES);
                NodeId other = any(NODES);
                if (!one.equals(other)) {
                    simulation.disconnect(one, other);
                }
            }
            case 1, 2, 3 -> connectAll();
            case 4, 5 -> {
                Program program = random.nextBoolean() ? capsule : at(deputies, any(LINKS));
                program.disconnect();
                program.connect();
            }
            case 6, 7 -> {
                if (announcements.isEmpty()) {
                    move();
                }
            }
            case 8, 9, 10 -> {
                if (announcements.isEmpty() && capsule.connected()) {
                    String event = epoch + "/" + eventsOfOwner.size();
                    eventsOfOwner.add(event);
                    simulation.node(owner).core.capsuleEvent(capsule.capsule(), event);
                }
            }
            case 11 -> {
                signals++;
                simulation.node(HOME).core.signalBody(process, any(LINKS), 19);
            }
            case 12 -> {
                if (random.nextInt(20) == 0) {
                    int link = any(LINKS);
                    killed.add(link);
                    simulation.node(HOME).core.signalBody(process, link, 9);
                }
            }
            case 13 -> {
                if (random.nextInt(10) == 0) {
                    restartAgent(any(NODES));
                }
            }
            case 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 -> at(deputies, any(LINKS)).say();
            case 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37 -> capsule.say();
            default -> simulation.step();
        }
    }

    /** The body goes to another node; the agents learn of it in any order and at any time. */
    private void move() {
        NodeId from = owner;
        Epoch old = epoch;
        Program former = capsule;
        List<NodeId> others = NODES.stream().filter(node -> !node.equals(from)).toList();
        capsule = capsuleOn(any(others));
        former.retire();
        announcements.add(() -> simulation.node(from).core.hostedRemoved(process, old));
        announce(owner, epoch, capsule);
    }

    private Program capsuleOn(NodeId host) {
        owner = host;
        epoch = epoch.next();
        eventsOfOwner.clear();
        return simulation.new Program(host, UUID.randomUUID(), false, bodyEnds);
    }

    private void announce(NodeId host, Epoch at, Program program) {
        announcements.add(program::connect);
        announcements.add(
                () -> simulation.node(HOME).core.home(process, at, host, Set.copyOf(LINKS)));
        announcements.add(
                () ->
                        simulation
                                .node(host)
                                .core
                                .hosted(process, at, program.id(), Set.copyOf(LINKS)));
    }

    /**
     * All connections of a node break; the new agent learns its routes again, the programs connect
     * again.
     */
    private void restartAgent(NodeId name) {
        agentRestarted = true;
        NODES.stream()
                .filter(other -> !other.equals(name))
                .forEach(other -> simulation.disconnect(name, other));
        List<Program> programs = new ArrayList<>();
        if (name.equals(HOME)) {
            programs.addAll(deputies.values());
        }
        if (name.equals(owner) && capsule.connected()) {
            programs.add(capsule);
        }
        programs.forEach(Program::disconnect);
        simulation.node(name).restart();
        programs.forEach(Program::connect);
        if (announcements.isEmpty()) {
            announce(owner, epoch, capsule);
            announcements.removeFirst(); // it is connected
        }
        // otherwise those under way do it; what was told before is told again
        NodeId host = owner;
        Epoch at = epoch;
        UUID id = capsule.id();
        announcements.add(
                () -> simulation.node(HOME).core.home(process, at, host, Set.copyOf(LINKS)));
        announcements.add(
                () -> simulation.node(host).core.hosted(process, at, id, Set.copyOf(LINKS)));
    }

    private void connectAll() {
        for (int i = 0; i < NODES.size(); i++) {
            for (int j = 0; j < i; j++) {
                simulation.connect(NODES.get(i), NODES.get(j));
            }
        }
    }

    private static <T> T at(Map<Integer, T> map, int link) {
        return Objects.requireNonNull(map.get(link));
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }
}
