package io.mig.pki;

import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** What the commands about a cluster's trust do, for a command line to call. One thread. */
public final class PkiCommands {
    private final Path pkiDirectory;
    private final InstantSource clock;

    /**
     * @param pkiDirectory as in the agent's configuration, usually {@code /etc/mig/pki}
     */
    public PkiCommands(Path pkiDirectory, InstantSource clock) {
        this.pkiDirectory = pkiDirectory;
        this.clock = clock;
    }

    /** {@code mig cluster init}: makes the authority and the first node's identity. */
    public NodeIdentity init(String cluster, NodeId firstNode) throws IOException {
        refuseIfMember();
        NodeIdentity identity =
                ClusterAuthority.init(pkiDirectory, cluster, clock).issue(firstNode);
        identity.save(pkiDirectory);
        return identity;
    }

    /**
     * {@code mig cluster token}: one line to give to a new node.
     *
     * @param host address of this node as the new node sees it
     * @param onlyFor the only node that may use it, which may then also be one that is set up again
     */
    public String token(String host, int joinPort, Duration validity, Optional<NodeId> onlyFor)
            throws IOException {
        return authority().newToken(host, joinPort, validity, onlyFor).text();
    }

    /** {@code mig join TOKEN}: gets this node its identity and keeps it. */
    public NodeIdentity join(String token, NodeId node) throws IOException {
        refuseIfMember();
        NodeIdentity identity = new JoinClient(clock).join(JoinToken.parse(token), node);
        identity.save(pkiDirectory);
        return identity;
    }

    /**
     * Makes the identity of another node in a directory of its own: for setups where one hand makes
     * all nodes.
     */
    public NodeIdentity issue(NodeId node, Path nodePkiDirectory) throws IOException {
        NodeIdentity identity = authority().issue(node);
        identity.save(nodePkiDirectory);
        return identity;
    }

    private ClusterAuthority authority() {
        return ClusterAuthority.open(pkiDirectory, clock)
                .orElseThrow(
                        () ->
                                new PkiException(
                                        "this node does not hold the cluster's authority, directory="
                                                + pkiDirectory.resolve(ClusterAuthority.DIRECTORY)
                                                + " is missing: run this on the node where \"mig cluster init\" was run"));
    }

    private void refuseIfMember() {
        Path file = pkiDirectory.resolve(NodeIdentity.CERTIFICATE_FILE);
        if (Files.exists(file)) {
            throw new PkiException(
                    "this node has an identity already, file="
                            + file
                            + ": remove the directory to leave that cluster first");
        }
    }
}
