package io.mig.migration;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.Priority;
import io.mig.migration.target.Guest;
import io.mig.migration.target.Guests;
import io.mig.model.HomePid;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Guests that make way for the owner of this node without leaving it: at the lowest priority, or
 * frozen. Before one of them moves all of that is undone, so that nothing of it travels and a move
 * is the only one who freezes and thaws meanwhile. What is held is noted on disk: a restarted agent
 * knows what it may undo. Thread-safe: one lock, held for some file operations.
 */
public final class Courtesy {
    private static final Logger LOG = LoggerFactory.getLogger(Courtesy.class);
    private static final String FROZEN = "frozen";
    private static final String USUAL = "usual";

    private final Path directory;
    private final Guests guests;
    private final Map<HomePid, Held> held = new HashMap<>();
    private final Set<HomePid> moving = new HashSet<>();

    /**
     * @param nice of each thread before
     * @param usual for threads that were born since
     */
    private record Held(Map<Integer, Integer> nice, int usual, boolean frozen) {
        private Held {
            nice = Map.copyOf(nice);
        }
    }

    /**
     * @param directory of the notes, which need not survive a boot
     */
    public Courtesy(Path directory, Guests guests) {
        this.directory = directory;
        this.guests = guests;
    }

    /** Takes up what an earlier agent held; to be called when the guests are known. */
    public synchronized void recover() {
        for (Guest guest : guests.all()) {
            Path note = note(guest.process());
            if (!Files.exists(note)) {
                continue;
            }
            Properties p = new Properties();
            try (Reader in = Files.newBufferedReader(note)) {
                p.load(in);
                Map<Integer, Integer> nice = new HashMap<>();
                for (String key : p.stringPropertyNames()) {
                    if (!key.equals(FROZEN) && !key.equals(USUAL)) {
                        nice.put(Integer.parseInt(key), Integer.parseInt(p.getProperty(key)));
                    }
                }
                int usual = Integer.parseInt(p.getProperty(USUAL, "0"));
                held.put(
                        guest.process(),
                        new Held(nice, usual, Boolean.parseBoolean(p.getProperty(FROZEN))));
            } catch (IOException | NumberFormatException e) {
                LOG.warn("guest may stay at its low priority: note={} {}", note, e.getMessage());
            }
        }
    }

    /** Processes that are held now. */
    public synchronized Set<HomePid> held() {
        return Set.copyOf(held.keySet());
    }

    /** The guest runs only where nobody else wants to. Returns whether that is news. */
    public synchronized boolean renice(HomePid process) {
        Optional<Guest> guest = guests.running(process);
        if (guest.isEmpty() || held.containsKey(process) || moving.contains(process)) {
            return false;
        }
        Map<Integer, Integer> before = nices(guest.get().capsule().guests());
        Held now =
                new Held(before, before.values().stream().min(Integer::compare).orElse(0), false);
        save(process, now);
        held.put(process, now);
        before.keySet().forEach(tid -> set(tid, Priority.LOWEST));
        return true;
    }

    /** The guest stands still. Returns whether that is news. */
    public synchronized boolean freeze(HomePid process) {
        renice(process);
        Held now = held.get(process);
        Optional<Guest> guest = guests.running(process);
        if (now == null || now.frozen || guest.isEmpty() || moving.contains(process)) {
            return false;
        }
        Held frozen = new Held(now.nice, now.usual, true);
        save(process, frozen);
        held.put(process, frozen);
        guest.get().capsule().guests().startFreeze();
        return true;
    }

    /** As it was before. Returns whether that is news. */
    public synchronized boolean restore(HomePid process) {
        Held was = held.remove(process);
        if (was == null) {
            return false;
        }
        guests.running(process)
                .ifPresent(
                        guest -> {
                            Leaf leaf = guest.capsule().guests();
                            nices(leaf)
                                    .keySet()
                                    .forEach(
                                            tid -> set(tid, was.nice.getOrDefault(tid, was.usual)));
                            if (was.frozen) {
                                leaf.thaw();
                            }
                        });
        try {
            Files.deleteIfExists(note(process));
        } catch (IOException e) {
            LOG.warn("note stays: {}", e.getMessage());
        }
        return true;
    }

    /** A move of it begins: nobody else touches it until {@link #moveEnded}. */
    public synchronized void moveBegins(HomePid process) {
        restore(process);
        moving.add(process);
    }

    public synchronized void moveEnded(HomePid process) {
        moving.remove(process);
    }

    private static void set(int tid, int nice) {
        try {
            Priority.set(tid, nice);
        } catch (CheckpointException e) {
            LOG.warn("priority stays: tid={} {}", tid, e.getMessage());
        }
    }

    private static Map<Integer, Integer> nices(Leaf leaf) {
        Map<Integer, Integer> nices = new HashMap<>();
        for (int pid : leaf.pids()) {
            Path tasks = Path.of("/proc", Integer.toString(pid), "task");
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
                for (Path thread : threads) {
                    nices.put(
                            Integer.parseInt(String.valueOf(thread.getFileName())),
                            Priority.inStat(Files.readString(thread.resolve("stat"))));
                }
            } catch (IOException e) {
                LOG.debug("ended meanwhile: pid={}", pid);
            }
        }
        return nices;
    }

    private Path note(HomePid process) {
        return directory.resolve(process.home() + "-" + process.pid() + "-" + process.startTicks());
    }

    private void save(HomePid process, Held state) {
        Properties p = new Properties();
        p.setProperty(FROZEN, Boolean.toString(state.frozen));
        p.setProperty(USUAL, Integer.toString(state.usual));
        state.nice.forEach((tid, nice) -> p.setProperty(tid.toString(), nice.toString()));
        try {
            Files.createDirectories(directory);
            try (Writer out = Files.newBufferedWriter(note(process))) {
                p.store(out, null);
            }
        } catch (IOException e) {
            // without a note nothing could undo it after a crash
            throw new java.io.UncheckedIOException(
                    "cannot note what is done to a guest: " + note(process), e);
        }
    }
}
