package io.mig.agent.balance;

import io.mig.model.NodeId;
import io.mig.model.PeerLostException;
import io.mig.transport.BulkSender;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.PeerState;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/** A node without others: who asks itself gets answers. */
record LonelyNetwork(NodeId self) implements PeerNetwork {
    @Override
    public void start(PeerHandler handler) {}

    @Override
    public Set<NodeId> peers() {
        return Set.of();
    }

    @Override
    public PeerState state(NodeId peer) {
        throw new IllegalStateException("there is no node=" + peer);
    }

    @Override
    public CompletableFuture<PeerMessage> request(
            NodeId to, PeerMessage message, Duration timeout) {
        return CompletableFuture.failedFuture(new PeerLostException(to, "there is no such node"));
    }

    @Override
    public void send(NodeId to, PeerMessage message) {}

    @Override
    public boolean writable(NodeId to) {
        return true;
    }

    @Override
    public BulkSender openBulk(NodeId to, String streamId) {
        throw new PeerLostException(to, "there is no such node");
    }

    @Override
    public int boundPort() {
        return 0;
    }

    @Override
    public void close() {}
}
