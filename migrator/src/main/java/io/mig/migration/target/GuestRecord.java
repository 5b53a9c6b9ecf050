package io.mig.migration.target;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What a host must remember of a capsule to find it again after its agent was restarted. Kept as a
 * small file in the run directory: it lives as long as the capsules do, until the next boot.
 *
 * @param capsule name of the capsule
 * @param move the move that brought it here
 * @param process whose body is inside
 * @param epoch the epoch that the body has once it runs
 * @param source where it came from
 * @param uid the user it belongs to
 * @param command for listings
 * @param hostname of its home, which it keeps wherever it goes
 * @param state how far it came; a state read after a restart is a lower bound, home's journal knows
 *     better
 * @param links home pids that have a deputy
 * @param streams external descriptors and how they are served
 * @param files as whom it touches its home's files when those are its root, empty when the node's
 *     are
 */
public record GuestRecord(
        UUID capsule,
        MoveId move,
        HomePid process,
        Epoch epoch,
        NodeId source,
        int uid,
        String command,
        String hostname,
        State state,
        List<Integer> links,
        List<GuestStream> streams,
        Optional<FileUser> files) {
    /** How far a capsule came. */
    public enum State {
        /** Capsule and CRIU stand ready; nothing of the process is here. */
        RESERVED,
        /** The body is here, complete and frozen. */
        RESTORED,
        /** Home has decided; the body runs. */
        RUNNING
    }

    /** One external descriptor of the body. */
    public record GuestStream(int id, String kind, int link, int flags, boolean demand) {}

    /** Who touches files. */
    public record FileUser(int uid, int gid) {}

    public GuestRecord {
        links = List.copyOf(links);
        streams = List.copyOf(streams);
    }

    public GuestRecord with(State next) {
        return new GuestRecord(
                capsule, move, process, epoch, source, uid, command, hostname, next, links, streams,
                files);
    }

    /** The same with the links that it turned out to have. */
    public GuestRecord withLinks(List<Integer> known) {
        return new GuestRecord(
                capsule, move, process, epoch, source, uid, command, hostname, state, known,
                streams, files);
    }

    /** Short name for cgroups and directories. */
    public String shortName() {
        return capsule.toString().substring(0, 8);
    }

    /** Writes the record so that a reader sees the old or the new one, never half of it. */
    void write(Path directory) throws IOException {
        Properties p = new Properties();
        p.setProperty("capsule", capsule.toString());
        p.setProperty("move", move.value().toString());
        p.setProperty("process", process.toString());
        p.setProperty("epoch", Long.toString(epoch.value()));
        p.setProperty("source", source.name());
        p.setProperty("uid", Integer.toString(uid));
        p.setProperty("command", command);
        p.setProperty("hostname", hostname);
        p.setProperty("state", state.name());
        p.setProperty(
                "links", links.stream().map(String::valueOf).collect(Collectors.joining(",")));
        p.setProperty(
                "streams",
                streams.stream()
                        .map(
                                s ->
                                        s.id()
                                                + ":"
                                                + s.kind()
                                                + ":"
                                                + s.link()
                                                + ":"
                                                + s.flags()
                                                + ":"
                                                + s.demand())
                        .collect(Collectors.joining(",")));
        files.ifPresent(user -> p.setProperty("files", user.uid() + ":" + user.gid()));
        Path temporary = directory.resolve(capsule + ".new");
        try (Writer out = Files.newBufferedWriter(temporary)) {
            p.store(out, null);
        }
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
        Files.move(
                temporary,
                file(directory),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    void delete(Path directory) throws IOException {
        Files.deleteIfExists(file(directory));
        Files.deleteIfExists(directory.resolve(capsule + ".new"));
    }

    private Path file(Path directory) {
        return directory.resolve(capsule + ".guest");
    }

    static GuestRecord read(Path file) throws IOException {
        Properties p = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            p.load(in);
        }
        try {
            return new GuestRecord(
                    UUID.fromString(p.getProperty("capsule", "")),
                    new MoveId(UUID.fromString(p.getProperty("move", ""))),
                    HomePid.parse(p.getProperty("process", "")),
                    new Epoch(Long.parseLong(p.getProperty("epoch", ""))),
                    new NodeId(p.getProperty("source", "")),
                    Integer.parseInt(p.getProperty("uid", "")),
                    p.getProperty("command", ""),
                    p.getProperty("hostname", "localhost"),
                    State.valueOf(p.getProperty("state", "").toUpperCase(Locale.ROOT)),
                    split(p.getProperty("links", "")).map(Integer::valueOf).toList(),
                    split(p.getProperty("streams", "")).map(GuestRecord::stream).toList(),
                    split(p.getProperty("files", "")).map(GuestRecord::user).findFirst());
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "guest record cannot be read: file=" + file + " reason=" + e.getMessage(), e);
        }
    }

    /** All records in a directory; unreadable ones are named in {@code faults}. */
    static List<GuestRecord> readAll(Path directory, List<String> faults) throws IOException {
        List<GuestRecord> records = new ArrayList<>();
        try (var files = Files.newDirectoryStream(directory, "*.guest")) {
            for (Path file : files) {
                try {
                    records.add(read(file));
                } catch (IOException e) {
                    faults.add(String.valueOf(e.getMessage()));
                }
            }
        }
        return records;
    }

    private static java.util.stream.Stream<String> split(String text) {
        return Arrays.stream(text.split(",")).filter(s -> !s.isEmpty());
    }

    private static FileUser user(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new IllegalArgumentException("files=" + text);
        }
        return new FileUser(
                Integer.parseInt(text.substring(0, colon)),
                Integer.parseInt(text.substring(colon + 1)));
    }

    private static GuestStream stream(String text) {
        String[] parts = text.split(":");
        if (parts.length != 5) {
            throw new IllegalArgumentException("stream=" + text);
        }
        return new GuestStream(
                Integer.parseInt(parts[0]),
                parts[1],
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]),
                Boolean.parseBoolean(parts[4]));
    }
}
