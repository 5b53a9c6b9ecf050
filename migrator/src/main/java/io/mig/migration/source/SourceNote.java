package io.mig.migration.source;

import io.mig.model.HomePid;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.UUID;

/**
 * A note on tmpfs that a move is under way, written before the freeze, so that an agent that starts
 * anew finds what its predecessor froze.
 *
 * @param target where it was going
 */
record SourceNote(MoveId move, HomePid process, NodeId target, Place place) {
    /** Where the frozen tree is. */
    sealed interface Place {
        /** An original at home, in this cgroup. */
        record AtHome(Path leaf) implements Place {}

        /** A body in this capsule. */
        record InCapsule(UUID capsule) implements Place {}
    }

    void write(Path directory) throws IOException {
        Properties p = new Properties();
        p.setProperty("move", move.toString());
        p.setProperty("process", process.toString());
        p.setProperty("target", target.name());
        switch (place) {
            case Place.AtHome(Path leaf) -> p.setProperty("leaf", leaf.toString());
            case Place.InCapsule(UUID capsule) -> p.setProperty("capsule", capsule.toString());
        }
        Files.createDirectories(directory);
        Path temporary = directory.resolve(move + ".new");
        try {
            try (Writer out = Files.newBufferedWriter(temporary)) {
                p.store(out, null);
            }
            Files.move(temporary, file(directory), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(temporary);
            throw e;
        }
    }

    void delete(Path directory) throws IOException {
        Files.deleteIfExists(file(directory));
    }

    private Path file(Path directory) {
        return directory.resolve(move + ".source");
    }

    /**
     * All notes in a directory; those that a crash cut short are removed: they were never in force.
     */
    static List<SourceNote> readAll(Path directory) throws IOException {
        List<SourceNote> notes = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return notes;
        }
        try (var cut = Files.newDirectoryStream(directory, "*.new")) {
            for (Path file : cut) {
                Files.deleteIfExists(file);
            }
        }
        try (var files = Files.newDirectoryStream(directory, "*.source")) {
            for (Path file : files) {
                notes.add(read(file));
            }
        }
        return notes;
    }

    private static SourceNote read(Path file) throws IOException {
        Properties p = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            p.load(in);
        }
        String leaf = p.getProperty("leaf");
        Place place =
                leaf != null
                        ? new Place.AtHome(Path.of(leaf))
                        : new Place.InCapsule(UUID.fromString(p.getProperty("capsule", "")));
        return new SourceNote(
                MoveId.parse(p.getProperty("move", "")),
                HomePid.parse(p.getProperty("process", "")),
                new NodeId(p.getProperty("target", "")),
                place);
    }
}
