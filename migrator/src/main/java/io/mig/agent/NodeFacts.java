package io.mig.agent;

import io.mig.checkpoint.CriuVersion;
import io.mig.checkpoint.proc.MachineFacts;
import io.mig.fault.Pretence;
import io.mig.model.NodeId;
import io.mig.transport.PeerFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** What this node tells the others about itself. */
final class NodeFacts {
    static final String VERSION = "0.1.0";
    private static final int PROTOCOL = 1;

    private NodeFacts() {}

    static PeerFacts of(
            NodeId node,
            MachineFacts machine,
            Optional<CriuVersion> criu,
            Set<String> hiddenCpuFlags,
            Pretence pretence,
            String bootId)
            throws IOException {
        Set<String> flags = new HashSet<>(machine.cpuFlags());
        flags.removeAll(hiddenCpuFlags);
        int protocol = pretence.protocol().orElse(PROTOCOL);
        return new PeerFacts(
                node,
                VERSION,
                protocol,
                protocol,
                bootId,
                criu.map(CriuVersion::toString).orElse(""),
                flags,
                machine.kernel(),
                arch(),
                memoryTotal(),
                Runtime.getRuntime().availableProcessors(),
                Map.of());
    }

    static String arch() {
        return System.getProperty("os.arch", "unknown");
    }

    private static long memoryTotal() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        return 0;
    }

    /** An id that changes with each boot: kept in the run directory, which a boot empties. */
    static String bootId(Path runDir) throws IOException {
        Path file = runDir.resolve("boot-id");
        if (!Files.exists(file)) {
            Files.writeString(file, UUID.randomUUID().toString());
        }
        return Files.readString(file).strip();
    }
}
