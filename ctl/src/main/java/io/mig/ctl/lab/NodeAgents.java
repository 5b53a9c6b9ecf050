package io.mig.ctl.lab;

import io.mig.ctl.client.ControlClient;
import io.mig.ctl.client.ControlException;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * The agents of a lab's nodes: makes them a cluster, stops and starts them. Each node has a keeper
 * (see {@code node-run.sh}) which does the work and is told by files below the node's {@code
 * /run/mig-lab}.
 */
final class NodeAgents {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration CALL = Duration.ofSeconds(2);
    private static final int LOG_LINES = 15;

    private final LabPlace place;
    private final NodeShell shell;

    NodeAgents(LabPlace place, NodeShell shell) {
        this.place = place;
        this.shell = shell;
    }

    /**
     * Gives each node its configuration and identity and starts its agent: the first node makes the
     * cluster's authority, the others join it with one-time tokens, as on machines that are no lab.
     */
    void formCluster(
            List<LabNode> nodes, Map<String, String> environment, Optional<String> programsCgroup) {
        if (!Files.exists(place.home().resolve("target/dist/agent.cp"))) {
            throw new LabException(
                    "there is no agent in the build at "
                            + place.home()
                            + "; use: mig lab up --no-agents");
        }
        nodes.forEach(
                node ->
                        write(
                                etc(node).resolve("agent.toml"),
                                AgentSettings.toml(place.name(), node, nodes, programsCgroup)));
        LabNode first = nodes.getFirst();
        shell.must(first, "mig", "cluster", "init", place.name().value());
        start(first, environment);
        awaitRunning(first);
        String address = Subnet.of(place.name()).address(first);
        Lab.forEach(
                nodes.subList(1, nodes.size()),
                node -> {
                    String token =
                            shell.must(
                                    first,
                                    "mig",
                                    "token",
                                    "--host",
                                    address,
                                    "--only-for",
                                    node.name());
                    shell.must(node, "mig", "join", token);
                    start(node, environment);
                    awaitRunning(node);
                });
        nodes.forEach(
                node ->
                        awaitAgent(
                                node, "to reach all others", () -> nodesUp(node) == nodes.size()));
    }

    /** Waits until the agent answers; returns at once on a node that was made without one. */
    void awaitIfConfigured(LabNode node) {
        if (Files.exists(etc(node).resolve("agent.toml"))) {
            awaitRunning(node);
        }
    }

    private void awaitRunning(LabNode node) {
        awaitAgent(node, "to answer", () -> state(node) == NodeStatus.Agent.RUNNING);
    }

    /**
     * An agent that does not come up is explained by the end of its log: the lab is taken down
     * after that.
     */
    private void awaitAgent(LabNode node, String what, BooleanSupplier condition) {
        try {
            Patience.until(PATIENCE, "the agent of " + node + " " + what, condition);
        } catch (LabException e) {
            throw new LabException(e.getMessage() + "; the end of its log:\n" + logEnd(node), e);
        }
    }

    private String logEnd(LabNode node) {
        Path log = run(node).resolve("../../var/log/mig/migd.log");
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join(
                    "\n", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    /** How many nodes the agent of a node calls up, itself included. */
    private long nodesUp(LabNode node) {
        try {
            JsonValue answer =
                    new ControlClient(socket(node), CALL).call("nodes", JsonObject.EMPTY, _ -> {});
            JsonArray rows =
                    answer instanceof JsonArray array
                            ? array
                            : ((JsonObject) answer).array("nodes");
            return rows.objects().stream().filter(row -> "up".equals(row.string("state"))).count();
        } catch (ControlException e) {
            return 0; // not yet
        }
    }

    private Path socket(LabNode node) {
        return run(node).resolve("../mig/control.sock").normalize();
    }

    private boolean answers(LabNode node) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket(node)))) {
            return channel.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    private Path etc(LabNode node) {
        HostProcess init = place.init(node).orElseThrow(() -> new LabException(node + " is down"));
        Path etc = init.root().resolve("etc/mig");
        try {
            return Files.createDirectories(etc);
        } catch (IOException e) {
            throw new LabException("cannot create " + etc + ": " + e.getMessage(), e);
        }
    }

    /** Before a node boots again: the environment of its agent. */
    void prepareBoot(LabNode node, Map<String, String> environment) {
        HostProcess holder =
                place.holder().orElseThrow(() -> new LabException("the lab is not up"));
        Path disk = place.diskSeenBy(holder, node);
        write(disk.resolve("agent.env"), lines(environment));
    }

    NodeStatus.Agent state(LabNode node) {
        Path run = run(node);
        if (!Files.exists(run.resolve("agent.pid"))) {
            return NodeStatus.Agent.DOWN;
        }
        return answers(node) ? NodeStatus.Agent.RUNNING : NodeStatus.Agent.STARTING;
    }

    void stop(LabNode node) {
        write(run(node).resolve("agent.off"), "");
        Optional<String> pid = pid(node);
        if (pid.isPresent()) {
            shell.run(node, List.of("kill", pid.get()));
            try {
                awaitChange(node, pid);
            } catch (LabException e) {
                shell.run(node, List.of("kill", "-KILL", pid.get()));
                awaitChange(node, pid);
            }
        }
    }

    void start(LabNode node, Map<String, String> environment) {
        if (pid(node).isPresent()) {
            throw new LabException(
                    "the agent of "
                            + node
                            + " runs already; use: mig lab agent "
                            + node
                            + " restart");
        }
        wake(node, environment);
        Patience.until(PATIENCE, "the agent of " + node + " to start", () -> pid(node).isPresent());
    }

    void crash(LabNode node) {
        Optional<String> pid = pid(node);
        if (pid.isEmpty()) {
            throw new LabException("the agent of " + node + " does not run");
        }
        shell.must(node, "kill", "-KILL", pid.get());
        awaitChange(node, pid);
    }

    private void wake(LabNode node, Map<String, String> environment) {
        Path run = run(node);
        write(run.resolve("agent.env"), lines(environment));
        try {
            Files.deleteIfExists(run.resolve("agent.off"));
        } catch (IOException e) {
            throw new LabException(
                    "cannot switch on the agent of " + node + ": " + e.getMessage(), e);
        }
        write(run.resolve("agent.ctl"), "\n");
    }

    private void awaitChange(LabNode node, Optional<String> pid) {
        Patience.until(
                PATIENCE,
                "the agent of " + node + " to end, pid=" + pid.orElse("-"),
                () -> !pid(node).equals(pid));
    }

    /** The agent's pid as the node numbers it. */
    private Optional<String> pid(LabNode node) {
        try {
            return Optional.of(Files.readString(run(node).resolve("agent.pid")).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Path run(LabNode node) {
        HostProcess init = place.init(node).orElseThrow(() -> new LabException(node + " is down"));
        return init.root().resolve("run/mig-lab");
    }

    static String lines(Map<String, String> environment) {
        StringBuilder lines = new StringBuilder();
        new TreeMap<>(environment)
                .forEach(
                        (name, value) -> lines.append(name).append('=').append(value).append('\n'));
        return lines.toString();
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
