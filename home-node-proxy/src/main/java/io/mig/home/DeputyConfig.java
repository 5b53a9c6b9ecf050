package io.mig.home;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a deputy is told by CONFIG.
 *
 * @param comm name in {@code /proc/PID/comm}, at most 15 bytes are used
 * @param drop how many of each signal waited for the process when it was dumped: the body has them,
 *     the deputy's are dropped
 * @param streams descriptors it serves
 * @param stoppedBy signal by which the original was stopped when it was dumped
 */
public record DeputyConfig(
        String comm, Map<Integer, Integer> drop, List<Stream> streams, OptionalInt stoppedBy) {

    /**
     * @param id number of the stream, unique in the tree
     * @param kind what it is
     * @param fd descriptor in the original process
     * @param demand must not read ahead: other processes at home read the same pipe
     */
    public record Stream(int id, StreamKind kind, int fd, boolean demand) {
        public Stream {
            if (id < 0 || id > 0xFFFF || fd < 0) {
                throw new IllegalArgumentException(
                        "stream id=" + id + " fd=" + fd + " out of bounds");
            }
        }
    }

    public DeputyConfig {
        drop = Map.copyOf(new TreeMap<>(drop));
        streams = List.copyOf(streams);
        if (comm.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a process name cannot hold a zero byte");
        }
        comm = comm.replace('\n', '?');
    }

    /** The lines of the CONFIG frame. */
    public String text() {
        StringBuilder lines = new StringBuilder("comm=" + comm + "\n");
        new TreeMap<>(drop)
                .forEach((signal, count) -> lines.append("drop=" + signal + ":" + count + "\n"));
        for (Stream stream : streams) {
            lines.append(
                    "stream="
                            + stream.id()
                            + " kind="
                            + stream.kind().label()
                            + " fd="
                            + stream.fd()
                            + " flags="
                            + (stream.demand() ? "demand" : "0")
                            + "\n");
        }
        stoppedBy.ifPresent(signal -> lines.append("stopped=" + signal + "\n"));
        return lines.append("end\n").toString();
    }

    /** Descriptors that must survive the exec of the deputy. */
    public List<Integer> keep() {
        return streams.stream().map(Stream::fd).distinct().sorted().toList();
    }

    /** The same text for a deputy that has had it once: without what may be done one time only. */
    static String again(String text) {
        return text.lines()
                .filter(line -> !line.startsWith("drop=") && !line.startsWith("stopped="))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    /** The streams in a configuration text; lines that cannot be read are left out. */
    public static List<Stream> streams(String text) {
        List<Stream> streams = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("stream=")) {
                stream(line).ifPresent(streams::add);
            }
        }
        return streams;
    }

    private static Optional<Stream> stream(String line) {
        Map<String, String> values = new TreeMap<>();
        for (String word : line.split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                values.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        try {
            int id = Integer.parseInt(values.getOrDefault("stream", ""));
            int fd = Integer.parseInt(values.getOrDefault("fd", ""));
            boolean demand = values.getOrDefault("flags", "").contains("demand");
            return StreamKind.of(values.getOrDefault("kind", ""))
                    .map(kind -> new Stream(id, kind, fd, demand));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
