package io.mig.balance.view;

import io.mig.model.NodeId;

/**
 * Something a process talks to all the time: a pipe's other end, shared memory, a connection.
 *
 * @param node where the other end runs
 * @param bytesPerSecond how much goes over
 */
public record Partner(NodeId node, double bytesPerSecond) {
    public Partner {
        Checks.range("bytesPerSecond", bytesPerSecond, 0, 1e13);
    }
}
