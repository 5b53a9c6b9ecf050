package io.mig.agent.balance;

import io.mig.balance.view.PastMove;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what is remembered of managed processes over a restart of the agent: pins and where they
 * have been. One line per process; written when something but the time has changed. Times on disk
 * are times of day: a clock that was set meanwhile makes moves older or younger, and nothing else.
 * One owner thread.
 */
final class ResidentStore {
    private static final Logger LOG = LoggerFactory.getLogger(ResidentStore.class);
    private static final int MOST_LINES = 10_000;
    private static final int FIELDS = 5;
    private static final int PARTS_OF_A_MOVE = 4;

    private final Path file;
    private Map<HomePid, Kept> known = Map.of();
    private Map<HomePid, Object> written = Map.of();

    /**
     * What is kept of one.
     *
     * @param moves newest first
     */
    record Kept(
            long residencyMillis,
            double earlierCpuSeconds,
            List<PastMove> moves,
            Optional<NodeId> pin) {
        Kept {
            moves = List.copyOf(moves);
        }
    }

    ResidentStore(Path file) {
        this.file = file;
    }

    /** Reads what an earlier agent knew; lines that make no sense are left out. */
    void load(long epochMillis) {
        if (!Files.exists(file)) {
            return;
        }
        Map<HomePid, Kept> found = new HashMap<>();
        try (var lines = Files.lines(file)) {
            for (String line : lines.limit(MOST_LINES).toList()) {
                parse(line, epochMillis, found);
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            LOG.error("pins and histories are forgotten: file={}", file, e);
        }
        known = found;
    }

    /** What is known of a process from before the restart; told once. */
    Optional<Kept> take(HomePid process) {
        return Optional.ofNullable(known.get(process));
    }

    /** Writes all of them if that is news. */
    void save(Map<HomePid, Resident> residents, long nowMillis, long epochMillis) {
        StringBuilder text = new StringBuilder();
        Map<HomePid, Object> essence = new HashMap<>();
        residents.forEach(
                (process, r) -> {
                    Kept kept = r.kept(nowMillis);
                    essence.put(process, List.of(kept.pin(), kept.moves().size()));
                    text.append(line(process, kept, epochMillis));
                });
        if (essence.equals(written)) {
            return;
        }
        written = essence; // what cannot be written is tried again with the next change
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(temporary, text);
            Files.move(
                    temporary,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn(
                    "pins and histories would not survive a restart: file={} {}",
                    file,
                    e.getMessage());
        }
    }

    private static String line(HomePid process, Kept kept, long epochMillis) {
        StringJoiner moves = new StringJoiner(";");
        for (PastMove m : kept.moves()) {
            moves.add(
                    m.from()
                            + ","
                            + m.to()
                            + ","
                            + m.forDrain()
                            + ","
                            + (epochMillis - m.agoMillis()));
        }
        return process
                + " "
                + (epochMillis - kept.residencyMillis())
                + " "
                + kept.earlierCpuSeconds()
                + " "
                + "pin="
                + kept.pin().map(NodeId::name).orElse("")
                + " moves="
                + moves
                + "\n";
    }

    private static void parse(String line, long epochMillis, Map<HomePid, Kept> into) {
        try {
            String[] words = line.split(" ", -1);
            if (words.length != FIELDS) {
                throw new IllegalArgumentException("fields=" + words.length);
            }
            List<PastMove> moves = new ArrayList<>();
            for (String move : words[4].substring("moves=".length()).split(";")) {
                String[] parts = move.split(",");
                if (parts.length == PARTS_OF_A_MOVE) {
                    moves.add(
                            new PastMove(
                                    new NodeId(parts[0]),
                                    new NodeId(parts[1]),
                                    Math.max(0, epochMillis - Long.parseLong(parts[3])),
                                    Boolean.parseBoolean(parts[2])));
                }
            }
            String pin = words[3].substring("pin=".length());
            into.put(
                    HomePid.parse(words[0]),
                    new Kept(
                            Math.max(0, epochMillis - Long.parseLong(words[1])),
                            Double.parseDouble(words[2]),
                            moves,
                            pin.isEmpty() ? Optional.empty() : Optional.of(new NodeId(pin))));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            LOG.warn("line of pins and histories is left out: {}", line);
        }
    }
}
