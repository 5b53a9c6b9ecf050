package io.mig.ctl.lab;

import java.util.List;

/** The configuration files of a lab's agents. */
final class AgentSettings {
    private static final int PORT = 7420;

    private AgentSettings() {}

    /** The text of {@code /etc/mig/agent.toml} of one node. */
    static String toml(LabName lab, LabNode node, List<LabNode> nodes) {
        Subnet subnet = Subnet.of(lab);
        List<String> peers =
                nodes.stream()
                        .map(peer -> "\"" + peer + "=" + subnet.address(peer) + ":" + PORT + "\"")
                        .toList();
        return """
                # written by mig lab
                node = "%s"
                cluster = "%s"
                peers = [%s]
                shared = ["/shared"]

                [listen]
                host = "%s"
                port = %d
                """
                .formatted(node, lab, String.join(", ", peers), subnet.address(node), PORT);
    }
}
