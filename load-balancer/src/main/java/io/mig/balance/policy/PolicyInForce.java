package io.mig.balance.policy;

import java.security.PublicKey;
import java.util.List;
import java.util.Optional;

/**
 * Which policy a node obeys: the newest one it has seen that an administrator signed, or the one of
 * its local file as long as there is none. Two different texts of the same version are settled
 * alike everywhere: the one whose signature text is greater wins.
 *
 * <p>Thread-safe; changes are rare and swap one immutable object.
 */
public final class PolicyInForce {
    private final String cluster;
    private final List<PublicKey> administrators;
    private volatile State state;

    /** Policy and, if it came signed, what it came as. */
    private record State(Policy policy, Optional<SignedPolicy> signed) {}

    public PolicyInForce(String cluster, List<PublicKey> administrators, Policy local) {
        this.cluster = cluster;
        this.administrators = List.copyOf(administrators);
        this.state = new State(local, Optional.empty());
    }

    public Policy policy() {
        return state.policy();
    }

    /** What to hand on to nodes that have an older one. */
    public Optional<SignedPolicy> signed() {
        return state.signed();
    }

    /** The version to tell in gossip; 0 when there is no policy of the whole cluster. */
    public long signedVersion() {
        return state.signed().map(SignedPolicy::version).orElse(0L);
    }

    /**
     * The local file changed. It holds only until there is a policy of the whole cluster.
     *
     * @return whether it is in force now
     */
    public synchronized boolean offerLocal(Policy policy) {
        if (state.signed().isPresent()) {
            return false;
        }
        state = new State(policy, Optional.empty());
        return true;
    }

    /**
     * A signed policy arrived.
     *
     * @return whether it is in force now; false when the one in force is as new
     * @throws PolicyRefusedException when it must not be used
     */
    public synchronized boolean offer(SignedPolicy offered) {
        Optional<SignedPolicy> current = state.signed();
        if (current.isPresent() && !newer(offered, current.get())) {
            return false;
        }
        state = new State(offered.verify(cluster, administrators), Optional.of(offered));
        return true;
    }

    private static boolean newer(SignedPolicy offered, SignedPolicy current) {
        if (offered.version() != current.version()) {
            return offered.version() > current.version();
        }
        return offered.signature().compareTo(current.signature()) > 0;
    }
}
