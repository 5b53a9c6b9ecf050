package io.mig.home.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.home.relay.RelaySimulation.LinkEnd;
import io.mig.home.relay.RelaySimulation.Program;
import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class CarriedTest {
    private static final NodeId HOME = new NodeId("home");
    private static final NodeId HOST = new NodeId("host");
    private static final int LINK = 100;
    private static final int SAID = 50;

    private final RelaySimulation simulation = new RelaySimulation(new Random(1));
    private final HomePid process = RelaySimulation.process(HOME, LINK);
    private final Epoch epoch = Epoch.ZERO.next();

    private long carried(NodeId node) {
        return simulation.node(node).core.carried().of(process);
    }

    /** Lets a body on a node and its deputy talk. */
    private void talk(NodeId host) {
        UUID id = UUID.randomUUID();
        Program deputy =
                simulation
                .new Program(HOME, UUID.randomUUID(), true, Map.of(LINK, new LinkEnd(LINK)));
        Program body = simulation.new Program(host, id, false, Map.of(LINK, new LinkEnd(LINK)));
        simulation.node(HOME);
        simulation.node(HOST);
        simulation.connect(HOME, HOST);
        simulation.node(HOME).core.home(process, epoch, host, Set.of(LINK));
        simulation.node(host).core.hosted(process, epoch, id, Set.of(LINK));
        deputy.connect();
        body.connect();
        simulation.settle();
        for (int i = 0; i < SAID; i++) {
            deputy.say();
            body.say();
        }
        simulation.settle();
    }

    @Test
    void shouldCountWhatGoesBothWaysWhereTheBodyIs() {
        talk(HOST);

        long least = 2L * SAID * (Frame.HEADER_BYTES + Long.BYTES);
        assertThat(carried(HOST)).isBetween(least, 3 * least);
        assertThat(carried(HOME)).isZero();
        simulation.node(HOST).core.hostedRemoved(process, epoch);
        assertThat(carried(HOST)).isZero();
    }

    @Test
    void shouldCountNothingWhenTheBodyIsAtHome() {
        talk(HOME);

        assertThat(carried(HOME)).isZero();
    }
}
