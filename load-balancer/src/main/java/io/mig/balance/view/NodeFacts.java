package io.mig.balance.view;

import io.mig.model.NodeId;

/**
 * What a node tells of itself: the content of one gossiped fact.
 *
 * @param node who
 * @param capacity what it has
 * @param use how it is used
 * @param doors whom it lets in
 */
public record NodeFacts(NodeId node, NodeCapacity capacity, NodeUse use, Doors doors) {}
