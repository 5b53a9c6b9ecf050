package io.mig.ctl.lab;

import io.mig.ctl.host.HostCommand;
import io.mig.ctl.host.HostMounts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One lab on this machine: a holder process (bridge, durable state) and up to {@value LabNode#MOST}
 * nodes. Everything is found again from files and cgroups, so that any process may drive a lab that
 * another one made. Needs root. The changing operations exclude each other, across processes, by a
 * lock file; safe for any thread.
 *
 * <p>Pictures and the meaning of each verb: {@code ctl/README.md}.
 */
public final class Lab {
    private static final Set<String> CARRIES_OVERLAYS =
            Set.of("ext4", "xfs", "btrfs", "tmpfs", "f2fs");

    private final LabPlace place;
    private final HostMounts mounts;
    private final CpuShare share;
    private final NodeBoot boot;
    private final NodeLinks links;
    private final NodeAgents agents;

    private Lab(LabPlace place, HostMounts mounts) {
        this.place = place;
        this.mounts = mounts;
        NodeShell shell = new NodeShell(place);
        this.share = new CpuShare(place, mounts);
        this.boot = new NodeBoot(place, share);
        this.links = new NodeLinks(place, shell);
        this.agents = new NodeAgents(place, shell);
    }

    /**
     * A lab of this machine, existing or not.
     *
     * @param name its name
     * @param home the folder with the {@code mig} script
     */
    public static Lab of(LabName name, Path home) {
        HostMounts mounts = HostMounts.read();
        return new Lab(LabPlace.of(name, mounts, home), mounts);
    }

    /**
     * What {@link #up} makes.
     *
     * @param cpus processors each node may use; empty: all there are
     */
    public record Plan(
            int nodes,
            String stateSize,
            OptionalDouble cpus,
            boolean agents,
            Map<String, String> agentEnvironment) {
        public Plan {
            if (nodes < 1 || nodes > LabNode.MOST) {
                throw new LabException(
                        "a lab has 1 to " + LabNode.MOST + " nodes, asked for " + nodes);
            }
            agentEnvironment = Map.copyOf(agentEnvironment);
        }

        /** Nodes without agents. */
        public static Plan bare(int nodes) {
            return new Plan(nodes, "64m", OptionalDouble.empty(), false, Map.of());
        }

        /** Nodes with agents that form a cluster. */
        public static Plan cluster(int nodes) {
            return new Plan(nodes, "64m", OptionalDouble.empty(), true, Map.of());
        }

        List<LabNode> list() {
            List<LabNode> list = new ArrayList<>();
            for (int k = 1; k <= nodes; k++) {
                list.add(new LabNode(k));
            }
            return list;
        }
    }

    /**
     * Makes and starts the lab; what is left of one that crashed is removed first. Half a lab is
     * never left behind.
     */
    public void up(Plan plan) {
        locked(
                () -> {
                    if (place.holder().isPresent()) {
                        throw new LabException(
                                "lab "
                                        + place.name()
                                        + " is already up; mig lab list shows it, mig lab down ends it");
                    }
                    remove();
                    try {
                        make(plan);
                    } catch (RuntimeException e) {
                        try {
                            remove();
                        } catch (RuntimeException further) {
                            e.addSuppressed(further);
                        }
                        throw e;
                    }
                });
    }

    private void make(Plan plan) {
        List<LabNode> nodes = plan.list();
        place.holderCgroup().create();
        try {
            Files.createDirectories(place.disk());
            for (LabNode node : nodes) {
                Files.createDirectories(place.nodeDir(node));
            }
            for (String script : List.of("holder.sh", "node-init.sh", "node-run.sh")) {
                Files.write(place.dir().resolve(script), resource(script));
            }
            Files.writeString(place.dir().resolve("hosts"), hosts(nodes));
            Files.writeString(
                    place.mountsFile(),
                    String.join(
                            "",
                            mounts.furtherDisks(place.base()).stream()
                                    .map(m -> m + "\n")
                                    .toList()));
            Files.writeString(place.cutsFile(), "");
            Files.writeString(
                    place.cpusFile(),
                    plan.cpus().isPresent() ? Double.toString(plan.cpus().getAsDouble()) : "");
        } catch (IOException e) {
            throw new LabException(
                    "cannot write the lab's folder " + place.dir() + ": " + e.getMessage(), e);
        }
        boot.startHolder(nodes, plan.stateSize(), diskIsFit());
        forEach(nodes, boot::start);
        if (plan.agents()) {
            agents.formCluster(nodes, plan.agentEnvironment(), share.programsInside());
        }
        nodes.forEach(share::apply);
    }

    /**
     * Cuts a node's power: all its processes end at once; its files stay. Nothing happens to a node
     * that is down.
     */
    public void kill(LabNode node) {
        locked(() -> boot.stop(known(node)));
    }

    /** Starts a node that was killed, on its old files. */
    public void start(LabNode node, Map<String, String> agentEnvironment) {
        locked(
                () -> {
                    if (place.init(known(node)).isPresent()) {
                        throw new LabException(node + " is already up");
                    }
                    if (place.holder().isEmpty()) {
                        throw new LabException(
                                "lab "
                                        + place.name()
                                        + " has crashed; run: mig lab down, mig lab up");
                    }
                    agents.prepareBoot(node, agentEnvironment);
                    boot.start(node);
                    share.apply(node);
                    links.restore(node);
                });
    }

    /** Limits a node's link in both directions; empty takes the limit off. */
    public void link(LabNode node, Optional<String> rate) {
        locked(() -> links.limit(running(node), rate.map(Rate::parse)));
    }

    /** Lets packets between two nodes vanish silently, in both directions. */
    public void cut(LabNode a, LabNode b) {
        locked(() -> links.cut(Cut.between(known(a), known(b))));
    }

    /** Undoes all cuts. */
    public void heal() {
        locked(links::heal);
    }

    /** Ends a node's agent and keeps it down. */
    public void stopAgent(LabNode node) {
        agents.stop(running(node));
    }

    /**
     * Starts a node's agent with this extra environment, which it keeps when it is restarted after
     * a crash.
     */
    public void startAgent(LabNode node, Map<String, String> environment) {
        agents.start(running(node), environment);
    }

    /** Waits until a node's agent answers; returns at once on a node that was made without one. */
    public void awaitAgent(LabNode node) {
        agents.awaitIfConfigured(running(node));
    }

    /** Kills a node's agent with SIGKILL; the node's keeper starts it again. */
    public void crashAgent(LabNode node) {
        agents.crash(running(node));
    }

    /** Runs a command on a node, without a terminal, as root, in a session of its own. */
    public HostCommand.Outcome exec(LabNode node, List<String> command) {
        return new NodeShell(place).run(running(node), command);
    }

    /** The node's root folder as seen from the host, while the node is up. */
    public Path root(LabNode node) {
        return init(node).root();
    }

    /** The host's pid of the node's process 1. */
    public long initPid(LabNode node) {
        return init(node).pid();
    }

    /** Ends the lab and removes everything of it; also what a crash left of one. */
    public void down() {
        locked(this::remove);
    }

    /** Whether anything of this lab is there. */
    public boolean exists() {
        return place.remains();
    }

    /** The lab's nodes, up or down. */
    public List<NodeStatus> list() {
        Subnet subnet = Subnet.of(place.name());
        List<Cut> cuts = links.cuts();
        return place.nodes().stream()
                .map(
                        node -> {
                            Optional<HostProcess> init = place.init(node);
                            return new NodeStatus(
                                    node,
                                    subnet.address(node),
                                    init.map(HostProcess::pid).orElse(0L),
                                    init.isPresent() ? agents.state(node) : NodeStatus.Agent.DOWN,
                                    links.rate(node).map(Rate::toString),
                                    cuts.stream()
                                            .filter(c -> c.touches(node))
                                            .map(c -> c.otherThan(node))
                                            .toList());
                        })
                .toList();
    }

    private void remove() {
        place.cgroup().kill();
        place.cgroup().remove();
        mounts.cgroupV1("cpu").map(place::cpuCgroup).ifPresent(CgroupTree::remove);
        if (Files.exists(place.dir())) {
            // the holder's mounts went with it, so nothing below is a mount of ours any more
            HostCommand.must("rm", "-rf", "--one-file-system", place.dir().toString());
        }
    }

    private LabNode known(LabNode node) {
        if (!place.nodes().contains(node)) {
            throw new LabException(
                    place.nodes().isEmpty()
                            ? "there is no lab named "
                                    + place.name()
                                    + "; run: mig lab up 3 --name "
                                    + place.name()
                            : "lab "
                                    + place.name()
                                    + " has no "
                                    + node
                                    + "; it has "
                                    + place.nodes());
        }
        return node;
    }

    private LabNode running(LabNode node) {
        init(node);
        return node;
    }

    private HostProcess init(LabNode node) {
        return place.init(known(node))
                .orElseThrow(() -> new LabException(node + " is down; run: mig lab start " + node));
    }

    private boolean diskIsFit() {
        try {
            return CARRIES_OVERLAYS.contains(Files.getFileStore(place.disk()).type());
        } catch (IOException e) {
            return false;
        }
    }

    private String hosts(List<LabNode> nodes) {
        Subnet subnet = Subnet.of(place.name());
        StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n");
        nodes.forEach(
                node -> hosts.append(subnet.address(node)).append(' ').append(node).append('\n'));
        return hosts.toString();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(Lab.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }

    /** Does something for all nodes at once; the first failure is thrown when all have finished. */
    static void forEach(List<LabNode> nodes, java.util.function.Consumer<LabNode> action) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            CompletableFuture.allOf(
                            nodes.stream()
                                    .map(
                                            node ->
                                                    CompletableFuture.runAsync(
                                                            () -> action.accept(node), threads))
                                    .toArray(CompletableFuture[]::new))
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LabException problem ? problem : e;
        }
    }

    private void locked(Runnable action) {
        try {
            Files.createDirectories(place.base());
            Path file = place.base().resolve("." + place.name() + ".lock");
            try (FileChannel channel =
                            FileChannel.open(
                                    file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid()) {
                    action.run();
                }
            } finally {
                if (!place.remains()) {
                    Files.deleteIfExists(file);
                    String[] left = place.base().toFile().list();
                    if (left != null && left.length == 0) {
                        Files.delete(place.base());
                    }
                }
            }
        } catch (IOException e) {
            throw new LabException(
                    "cannot lock lab " + place.name() + " in " + place.base() + ": " + e, e);
        }
    }
}
