package io.mig.balance.decide;

import io.mig.balance.view.NodeFacts;

/** What a node answers when it is asked to take a process. */
public sealed interface ArrivalAnswer {
    /** It may come; room is kept until the ticket runs out. */
    record Accepted(long ticket, long expiresMillis) implements ArrivalAnswer {}

    /**
     * It may not come.
     *
     * @param why the reason
     * @param facts how the node really is: the asker replaces its older facts, and so does not ask
     *     again in vain
     */
    record Refused(WhyNot why, NodeFacts facts) implements ArrivalAnswer {}

    /** Another arrival is being negotiated; ask again in a moment. */
    record Busy(long retryMillis) implements ArrivalAnswer {}
}
