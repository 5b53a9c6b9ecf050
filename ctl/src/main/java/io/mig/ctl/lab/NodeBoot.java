package io.mig.ctl.lab;

import io.mig.ctl.host.HostCommand;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Starts the holder and the nodes' first processes, and stops nodes. The work inside is done by
 * shell scripts.
 */
final class NodeBoot {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String JOIN =
            "echo $$ >\"$CGROUP/cgroup.procs\""
                    + " && { [ -z \"$CPU_CGROUP\" ] || echo $$ >\"$CPU_CGROUP/cgroup.procs\"; }"
                    + " && exec \"$@\"";

    // Inside the cgroup namespace, whose root must itself hold no process: only then may a node's
    // agent switch on controllers for cgroups of its own.
    private static final String JOIN_BELOW =
            "mkdir \"$CGROUP/user\" && echo $$ >\"$CGROUP/user/cgroup.procs\" && exec \"$@\"";

    private final LabPlace place;
    private final CpuShare share;

    NodeBoot(LabPlace place, CpuShare share) {
        this.place = place;
        this.share = share;
    }

    /** Starts the holder with the durable state of these nodes. */
    void startHolder(List<LabNode> nodes, String stateSize, boolean diskIsFit) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "unshare",
                                "--mount",
                                "--net",
                                "bash",
                                place.dir().resolve("holder.sh").toString()));
        nodes.forEach(node -> command.add(node.name()));
        Started holder =
                launch(
                        "holder",
                        command,
                        place.holderCgroup(),
                        place.dir().resolve("holder.log"),
                        Map.of(
                                "STATE_SIZE",
                                stateSize,
                                "DISK",
                                diskIsFit ? "folder" : "memory",
                                "CPU_CGROUP",
                                ""));
        HostProcess process =
                HostProcess.of(holder.pid())
                        .orElseThrow(
                                () ->
                                        new LabException(
                                                "the holder of lab "
                                                        + place.name()
                                                        + " ended at once"));
        write(place.holderFile(), process.toString());
    }

    /** Boots a node and waits until it is up. */
    void start(LabNode node) {
        HostProcess holder =
                place.holder()
                        .orElseThrow(
                                () ->
                                        new LabException(
                                                "the holder of lab " + place.name() + " is gone"));
        CgroupTree cgroup = place.cgroup(node);
        cgroup.remove(); // of the node's last life
        cgroup.create();
        Optional<Path> ownCpu = share.prepare(node);
        String cpuCgroup = ownCpu.map(Path::toString).orElse("");
        String programs = ownCpu.map(CpuShare::programs).map(Path::toString).orElse("");
        Started started =
                launch(
                        node.name(),
                        List.of(
                                "nsenter",
                                "-t",
                                Long.toString(holder.pid()),
                                "-m",
                                "--",
                                "unshare",
                                "--cgroup",
                                "sh",
                                "-c",
                                JOIN_BELOW,
                                "sh",
                                "unshare",
                                "--mount",
                                "--uts",
                                "--ipc",
                                "--net",
                                "--pid",
                                "--fork",
                                "bash",
                                place.dir().resolve("node-init.sh").toString()),
                        cgroup,
                        place.nodeDir(node).resolve("log"),
                        Map.of(
                                "NODE", node.name(),
                                "HOLDER", Long.toString(holder.pid()),
                                "PORT", node.port(),
                                "MAC", node.mac(),
                                "ADDRESS", Subnet.of(place.name()).addressWithLength(node),
                                "LAST_PID", Integer.toString(node.lastPid()),
                                "MOUNTS", place.mountsFile().toString(),
                                "CPU_CGROUP", cpuCgroup));
        String process = started.line().substring("ready ".length());
        write(
                place.initFile(node),
                (process + " " + cgroup.path().resolve("user") + " " + programs).strip() + "\n");
    }

    /** Ends all of a node's processes at once and unplugs its cable. */
    void stop(LabNode node) {
        place.cgroup(node).kill();
        place.holder()
                .ifPresent(
                        holder ->
                                HostCommand.run(
                                        "nsenter",
                                        "-t",
                                        Long.toString(holder.pid()),
                                        "-n",
                                        "ip",
                                        "link",
                                        "del",
                                        node.port()));
        try {
            Files.deleteIfExists(place.initFile(node));
        } catch (IOException e) {
            throw new LabException(
                    "cannot remove " + place.initFile(node) + ": " + e.getMessage(), e);
        }
    }

    private record Started(long pid, String line) {}

    /** Starts a process of the lab in its cgroup and waits for its line "ready ...". */
    private Started launch(
            String what,
            List<String> command,
            CgroupTree cgroup,
            Path log,
            Map<String, String> environment) {
        List<String> line = new ArrayList<>(List.of("setsid", "sh", "-c", JOIN, "sh"));
        line.addAll(command);
        ProcessBuilder builder =
                new ProcessBuilder(line)
                        .redirectInput(new File("/dev/null"))
                        .redirectError(log.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.environment()
                .put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        builder.environment().put("LAB_NAME", place.name().value());
        builder.environment().put("LAB_BASE", place.base().toString());
        builder.environment().put("LAB_DIR", place.dir().toString());
        builder.environment().put("MIG_HOME", place.home().toString());
        builder.environment().put("CGROUP", cgroup.path().toString());
        try {
            Process process = builder.start();
            BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
            String first =
                    CompletableFuture.supplyAsync(() -> readLine(out))
                            .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (first.startsWith("ready")) {
                return new Started(process.pid(), first);
            }
            throw new LabException(
                    what + " did not start: " + Files.readString(log).strip() + first);
        } catch (IOException | ExecutionException | TimeoutException e) {
            throw new LabException(what + " did not start: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while starting " + what, e);
        }
    }

    private static String readLine(BufferedReader out) {
        try {
            String line = out.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            return "";
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new LabException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
