package io.mig.balance.gossip;

import io.mig.model.NodeId;

/** A message to be sent. */
public record Outgoing(NodeId to, GossipMessage message) {}
