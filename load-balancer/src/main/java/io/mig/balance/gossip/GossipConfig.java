package io.mig.balance.gossip;

/**
 * Sizes and times of gossip.
 *
 * @param factsPerPing facts in a ping, the sender's own among them
 * @param factsPerAck facts in an answer
 * @param rumorsPerMessage claims about members
 * @param helpers nodes that are asked to try when one does not answer
 * @param urgentFanout nodes that are told something urgent at once
 * @param suspicionPeriods per doubling of the cluster: so long a suspect may refute
 * @param healPeriods a dead member is tried again every so many periods
 * @param rememberMillis how long dead and left members are remembered
 * @param window facts that are kept
 * @param maxAgeMillis of facts
 * @param maxMembers more are not believed
 */
public record GossipConfig(
        int factsPerPing,
        int factsPerAck,
        int rumorsPerMessage,
        int helpers,
        int urgentFanout,
        int suspicionPeriods,
        int healPeriods,
        long rememberMillis,
        int window,
        long maxAgeMillis,
        int maxMembers) {
    /** For one period per second. */
    public static final GossipConfig USUAL =
            new GossipConfig(12, 3, 8, 3, 4, 1, 3, 3_600_000, 256, 120_000, 8192);

    public GossipConfig {
        if (factsPerPing < 1
                || factsPerAck < 1
                || rumorsPerMessage < 2
                || helpers < 1
                || suspicionPeriods < 1
                || healPeriods < 1
                || window < 1) {
            throw new IllegalArgumentException("gossip needs at least one of each");
        }
    }
}
