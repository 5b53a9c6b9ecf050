package io.mig.balance.gossip;

import io.mig.model.NodeId;
import java.util.List;

/** The messages of gossip. All are small and may be lost, doubled or late. */
public sealed interface GossipMessage {
    /** What every message carries along. */
    Payload payload();

    /**
     * News that travels with each message.
     *
     * @param policyVersion of the signed policy the sender obeys, 0 when it has none
     * @param rumors about members, the sender itself first
     * @param facts about load, the sender's own first
     */
    record Payload(long policyVersion, List<Rumor> rumors, List<AgedFact> facts) {
        public Payload {
            rumors = List.copyOf(rumors);
            facts = List.copyOf(facts);
        }
    }

    /** Are you there? */
    record Ping(long number, Payload payload) implements GossipMessage {}

    /**
     * Yes.
     *
     * @param about who was asked for: the sender, or on whose behalf it answers
     */
    record Ack(long number, NodeId about, Payload payload) implements GossipMessage {}

    /** Is that one there? I do not hear it. */
    record PingRequest(long number, NodeId about, Payload payload) implements GossipMessage {}

    /** Tell me all members from this position of your list on. */
    record SyncRequest(int from, Payload payload) implements GossipMessage {}

    /**
     * Members in the payload.
     *
     * @param next position to ask for next, 0 when this was the end
     */
    record Sync(int next, Payload payload) implements GossipMessage {}

    /** Something urgent; no answer. */
    record Tell(Payload payload) implements GossipMessage {}
}
