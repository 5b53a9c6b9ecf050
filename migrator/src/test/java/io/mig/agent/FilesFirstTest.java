package io.mig.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.mig.home.relay.RelayPeers;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FilesFirstTest {
    private static final NodeId HOME = new NodeId("home");
    private static final NodeId ELSEWHERE = new NodeId("elsewhere");

    private final List<String> heard = new ArrayList<>();
    private final Deque<Runnable> unsettled = new ArrayDeque<>();
    private boolean settled = true;

    private final FilesFirst peers =
            new FilesFirst(
                    new RelayPeers() {
                        @Override
                        public NodeId self() {
                            return new NodeId("self");
                        }

                        @Override
                        public void send(NodeId to, PeerMessage message) {
                            heard.add(to + " " + message.body().toStringUtf8());
                        }

                        @Override
                        public boolean writable(NodeId to) {
                            return true;
                        }
                    },
                    new FilesFirst.Files() {
                        @Override
                        public void wordsFirst(NodeId peer) {
                            heard.add(peer + " words");
                        }

                        @Override
                        public boolean isSettled(NodeId home) {
                            return settled || !home.equals(HOME);
                        }

                        @Override
                        public void whenSettled(NodeId home, Runnable then) {
                            unsettled.add(then);
                        }
                    });

    private void say(NodeId to, String what) {
        peers.send(to, new PeerMessage(200, ByteString.copyFromUtf8(what)));
    }

    @Test
    void shouldTellOfChangesBeforeEachMessage() {
        say(HOME, "a");
        say(HOME, "b");
        assertThat(heard).containsExactly("home words", "home a", "home words", "home b");
    }

    @Test
    void shouldHoldWhatIsSaidToAHomeUntilItHasWhatWasWritten() {
        settled = false;
        say(HOME, "a");
        say(ELSEWHERE, "x");
        assertThat(heard).doesNotContain("home a").contains("elsewhere x");
        unsettled.remove().run();
        assertThat(heard).endsWith("home a");
    }

    @Test
    void shouldLetNothingOvertakeWhatIsHeld() {
        settled = false;
        say(HOME, "a");
        settled = true;
        say(HOME, "b");
        assertThat(heard).doesNotContain("home a", "home b");
        Runnable first = unsettled.remove();
        unsettled.remove().run();
        assertThat(heard).doesNotContain("home b");
        first.run();
        assertThat(heard).endsWith("home a", "home b");
        say(HOME, "c");
        assertThat(heard).endsWith("home c");
    }

    @Test
    void shouldTakeNoMoreWhenMuchIsHeldAndForgetItWithTheConnection() {
        settled = false;
        say(HOME, "x".repeat(2 << 20));
        assertThat(peers.writable(HOME)).isFalse();
        assertThat(peers.writable(ELSEWHERE)).isTrue();
        peers.onPeerDown(HOME);
        assertThat(peers.writable(HOME)).isTrue();
        unsettled.remove().run();
        assertThat(heard).containsExactly("home words");
    }
}
