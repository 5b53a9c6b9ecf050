package io.mig.agent;

import io.mig.model.NodeId;
import io.mig.transport.PeerAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * What an agent is told by its configuration file ({@code /etc/mig/agent.toml}).
 *
 * @param node this node's name; must be the name in its certificate
 * @param cluster the cluster's name
 * @param listenHost address to listen on for peers
 * @param listenPort port for peers; 0 chooses a free one
 * @param joinPort port for joining nodes, used only where the authority's key is; 0 chooses a free
 *     one
 * @param runDir sockets and images; best on tmpfs, empty after a boot
 * @param stateDir journal and guest records; survives a boot
 * @param pkiDir this node's identity
 * @param criu the CRIU program (version 4.2 or newer)
 * @param policyFile this node's policy for balancing; need not exist
 * @param peers all nodes of the cluster with their addresses; this node may be among them
 * @param shared {@code direct} (or {@code shared}, its old name): directories that all nodes mount
 *     from the same storage (proved by a probe before use)
 * @param maxGuests bodies of other nodes' processes that may live here at once
 * @param memoryReserveBytes memory that guests must leave free
 * @param guestsOfRoot whether processes of root may come here
 * @param programsCgroup cgroup of version 1 that limits the processors of this node's programs but
 *     not the agent's; guests join it while they run
 * @param hiddenCpuFlags CPU features that this node does not announce (to keep programs from using
 *     them)
 * @param homeFiles whether processes of this home keep seeing its files wherever they go, and
 *     guests here the files of theirs; until then the files of the node they are on
 * @param filesCacheBytes programs and libraries of homes that are kept here by the hash of their
 *     contents, altogether; 0 for none
 * @param homePatience how long a guest's file operations wait for a home that is away before they
 *     fail
 * @param callTimeout how long to wait for an answer of another agent before its outcome counts as
 *     unknown
 * @param criuTimeout how long one CRIU operation may take
 */
public record AgentConfig(
        NodeId node,
        String cluster,
        String listenHost,
        int listenPort,
        int joinPort,
        Path runDir,
        Path stateDir,
        Path pkiDir,
        Path criu,
        Path policyFile,
        List<PeerAddress> peers,
        List<Path> shared,
        int maxGuests,
        long memoryReserveBytes,
        boolean guestsOfRoot,
        Optional<Path> programsCgroup,
        Set<String> hiddenCpuFlags,
        boolean homeFiles,
        long filesCacheBytes,
        Duration homePatience,
        Duration callTimeout,
        Duration criuTimeout) {
    private static final Set<String> KEYS =
            Set.of(
                    "node",
                    "cluster",
                    "listen.host",
                    "listen.port",
                    "listen.join_port",
                    "run_dir",
                    "state_dir",
                    "pki_dir",
                    "criu",
                    "policy",
                    "peers",
                    "shared",
                    "direct",
                    "home_files",
                    "files_cache_mb",
                    "guests.max",
                    "guests.memory_reserve_mb",
                    "guests.of_root",
                    "programs.cgroup",
                    "cpu.hidden_flags",
                    "timeouts.home_ms",
                    "timeouts.call_ms",
                    "timeouts.criu_ms");

    public AgentConfig {
        peers = List.copyOf(peers);
        shared = List.copyOf(shared);
        hiddenCpuFlags = Set.copyOf(hiddenCpuFlags);
    }

    /**
     * Reads a configuration file.
     *
     * @throws ConfigException with one line per fault, each with line and column
     */
    public static AgentConfig read(Path file) throws IOException {
        TomlParseResult toml = Toml.parse(file);
        List<String> faults = new ArrayList<>();
        for (TomlParseError error : toml.errors()) {
            faults.add(
                    file
                            + ":"
                            + error.position().line()
                            + ":"
                            + error.position().column()
                            + ": "
                            + error.getMessage());
        }
        if (faults.isEmpty()) {
            for (String key : toml.dottedKeySet()) {
                if (!KEYS.contains(key)) {
                    faults.add(
                            file
                                    + ": line "
                                    + toml.inputPositionOf(key).line()
                                    + ": unknown key "
                                    + key
                                    + "; known keys: "
                                    + new TreeSet<>(KEYS));
                }
            }
        }
        if (!faults.isEmpty()) {
            throw new ConfigException(String.join("\n", faults));
        }
        try {
            return new AgentConfig(
                    new NodeId(require(toml, file, "node")),
                    text(toml, "cluster", "mig"),
                    text(toml, "listen.host", "0.0.0.0"),
                    (int) number(toml, "listen.port", 7420),
                    (int) number(toml, "listen.join_port", 7421),
                    Path.of(text(toml, "run_dir", "/run/mig")),
                    Path.of(text(toml, "state_dir", "/var/lib/mig")),
                    Path.of(text(toml, "pki_dir", "/etc/mig/pki")),
                    Path.of(text(toml, "criu", "/opt/mig/criu/criu")),
                    Path.of(text(toml, "policy", "/etc/mig/policy.toml")),
                    peers(toml),
                    Stream.of("direct", "shared")
                            .flatMap(key -> strings(toml, key).stream())
                            .distinct()
                            .map(Path::of)
                            .toList(),
                    (int) number(toml, "guests.max", 256),
                    number(toml, "guests.memory_reserve_mb", 256) << 20,
                    toml.getBoolean("guests.of_root", () -> true),
                    Optional.ofNullable(toml.getString("programs.cgroup")).map(Path::of),
                    Set.copyOf(strings(toml, "cpu.hidden_flags")),
                    toml.getBoolean("home_files", () -> true),
                    number(toml, "files_cache_mb", 512) << 20,
                    Duration.ofMillis(number(toml, "timeouts.home_ms", 300_000)),
                    Duration.ofMillis(number(toml, "timeouts.call_ms", 5_000)),
                    Duration.ofMillis(number(toml, "timeouts.criu_ms", 60_000)));
        } catch (IllegalArgumentException | org.tomlj.TomlInvalidTypeException e) {
            throw new ConfigException(file + ": " + e.getMessage());
        }
    }

    private static String require(TomlTable toml, Path file, String key) {
        String value = toml.getString(key);
        if (value == null) {
            throw new ConfigException(file + ": the key " + key + " is missing");
        }
        return value;
    }

    private static String text(TomlTable toml, String key, String otherwise) {
        return toml.getString(key, () -> otherwise);
    }

    private static long number(TomlTable toml, String key, long otherwise) {
        return toml.getLong(key, () -> otherwise);
    }

    private static List<String> strings(TomlTable toml, String key) {
        TomlArray array = toml.getArrayOrEmpty(key);
        List<String> values = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            values.add(array.getString(i));
        }
        return values;
    }

    private static List<PeerAddress> peers(TomlTable toml) {
        TomlArray array = toml.getArrayOrEmpty("peers");
        List<PeerAddress> peers = new ArrayList<>();
        for (int i = 0; i < array.size(); i++) {
            String item = array.getString(i);
            int equals = item.indexOf('=');
            int colon = item.lastIndexOf(':');
            if (equals < 1 || colon < equals) {
                throw new IllegalArgumentException(
                        "peers: \"" + item + "\" should be \"name=host:port\"");
            }
            peers.add(
                    new PeerAddress(
                            new NodeId(item.substring(0, equals)),
                            item.substring(equals + 1, colon),
                            Integer.parseInt(item.substring(colon + 1))));
        }
        return peers;
    }
}
