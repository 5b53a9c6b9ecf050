package io.mig.ctl.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The agents of a lab's nodes: makes them a cluster, stops and starts them. Each node has a keeper
 * (see {@code node-run.sh}) which does the work and is told by files below the node's {@code
 * /run/mig-lab}.
 */
final class NodeAgents {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

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
    void formCluster(List<LabNode> nodes, Map<String, String> environment) {
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
                                AgentSettings.toml(place.name(), node, nodes)));
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
    }

    private void awaitRunning(LabNode node) {
        Patience.until(
                PATIENCE,
                "the agent of "
                        + node
                        + " to answer; its log: "
                        + run(node).resolve("../../var/log/mig/migd.log"),
                () -> state(node) == NodeStatus.Agent.RUNNING);
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
        return Files.exists(run.resolve("../mig/control.sock"))
                ? NodeStatus.Agent.RUNNING
                : NodeStatus.Agent.STARTING;
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
