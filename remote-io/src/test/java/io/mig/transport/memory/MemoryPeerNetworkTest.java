package io.mig.transport.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.mig.model.NodeId;
import io.mig.model.PeerLostException;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerNetworkContract;
import io.mig.transport.RecordingHandler;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class MemoryPeerNetworkTest extends PeerNetworkContract {
    private final MemoryHub hub = new MemoryHub(Set.of(ONE, TWO));

    @Override
    protected PeerNetwork network(NodeId node) {
        return hub.network(facts(node));
    }

    @Override
    protected void loseConnection() {
        hub.dropConnection(ONE, TWO);
    }

    @AfterEach
    void closeHub() {
        hub.close();
    }

    @Test
    void shouldStayApartUntilHealedWhenTheLinkIsCut() {
        hub.partition(Set.of(ONE));
        assertThat(one.state(TWO).up()).isFalse();

        hub.heal();

        await().until(() -> handlerTwo.events.size() == 3);
        assertThat(handlerTwo.events).containsExactly("up node1", "down node1", "up node1");
    }

    @Test
    void shouldTimeOutWhenTheLinkIsSlowerThanTheRequest() {
        PeerMessage echo = new PeerMessage(RecordingHandler.ECHO, ByteString.EMPTY);
        hub.delay(ONE, TWO, Duration.ofMillis(150));

        assertThatThrownBy(() -> one.request(TWO, echo, Duration.ofMillis(50)).join())
                .cause()
                .isInstanceOf(PeerLostException.class);
        assertThat(one.request(TWO, echo, Duration.ofSeconds(5)).join()).isEqualTo(echo);
    }
}
