package io.mig.ctl.lab;

import java.util.List;
import java.util.Optional;

/** The configuration files of a lab's agents. */
final class AgentSettings {
    private static final int PORT = 7420;

    private AgentSettings() {}

    /** The text of {@code /etc/mig/agent.toml} of one node. */
    static String toml(
            LabName lab, LabNode node, List<LabNode> nodes, Optional<String> programsCgroup) {
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
                %s"""
                .formatted(
                        node,
                        lab,
                        String.join(", ", peers),
                        subnet.address(node),
                        PORT,
                        programsCgroup
                                .map(path -> "\n[programs]\ncgroup = \"" + path + "\"\n")
                                .orElse(""));
    }
}
