package io.mig.agent.balance;

import io.mig.balance.policy.PolicyException;
import io.mig.balance.policy.PolicyInForce;
import io.mig.balance.policy.PolicyRefusedException;
import io.mig.balance.policy.SignedPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The policy of the whole cluster: signed with the key of the cluster's authority, handed from node
 * to node, kept on disk. The newest version wins; one that nobody may have signed is refused
 * wherever it comes from. One owner thread.
 */
final class ClusterPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterPolicy.class);

    private final Path file;
    private final PolicyInForce inForce;
    private final Optional<PolicySigner> signer;
    private final Events events;

    ClusterPolicy(Path file, PolicyInForce inForce, Optional<PolicySigner> signer, Events events) {
        this.file = file;
        this.inForce = inForce;
        this.signer = signer;
        this.events = events;
    }

    /** What an earlier agent obeyed. */
    void load() {
        if (!Files.exists(file)) {
            return;
        }
        try {
            inForce.offer(SignedPolicy.decode(Files.readString(file)));
        } catch (IOException | RuntimeException e) {
            LOG.error("the cluster's policy cannot be used any more: file={}", file, e);
        }
    }

    /** Whether this node can make policies for all. */
    boolean canSign() {
        return signer.isPresent();
    }

    /** Signs a text and puts it in force here, and by and by everywhere. */
    void publish(String text) throws GeneralSecurityException {
        adopt(signer.orElseThrow().sign(text), "made here");
    }

    /**
     * Takes a policy that somebody sent.
     *
     * @return whether it is in force now
     */
    boolean adopt(SignedPolicy offered, String from) {
        try {
            if (!inForce.offer(offered)) {
                return false;
            }
        } catch (PolicyRefusedException | PolicyException e) {
            events.add("policy", "a policy is refused, " + from + ": " + e.getMessage());
            return false;
        }
        events.add(
                "policy",
                "version " + offered.version() + " of the cluster's policy is in force, " + from);
        try {
            Files.createDirectories(file.getParent());
            Path fresh = file.resolveSibling(file.getFileName() + ".new");
            Files.writeString(fresh, offered.encode());
            Files.move(
                    fresh,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.error("the cluster's policy will be asked for again: file={}", file, e);
        }
        return true;
    }
}
