package io.mig.agent.balance;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.OptionalLong;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether an administrator has closed this node's doors: kept on disk, so that a restarted agent
 * does not open them. One owner thread.
 */
final class DoorState {
    private static final Logger LOG = LoggerFactory.getLogger(DoorState.class);

    private final Path file;
    private boolean cordoned;
    private boolean draining;
    private String message = "";
    private OptionalLong deadlineEpochMillis = OptionalLong.empty();

    DoorState(Path file) {
        this.file = file;
    }

    /**
     * What an earlier agent left; a file that cannot be read leaves the doors open, and says so.
     */
    void load() {
        if (!Files.exists(file)) {
            return;
        }
        Properties p = new Properties();
        try (Reader in = Files.newBufferedReader(file)) {
            p.load(in);
            cordoned = Boolean.parseBoolean(p.getProperty("cordoned"));
            draining = Boolean.parseBoolean(p.getProperty("draining"));
            message = p.getProperty("message", "");
            String deadline = p.getProperty("deadline", "");
            deadlineEpochMillis =
                    deadline.isEmpty()
                            ? OptionalLong.empty()
                            : OptionalLong.of(Long.parseLong(deadline));
        } catch (IOException | IllegalArgumentException e) {
            LOG.error("doors are open, their state cannot be read: file={}", file, e);
        }
    }

    boolean cordoned() {
        return cordoned;
    }

    boolean draining() {
        return draining;
    }

    String message() {
        return message;
    }

    OptionalLong deadlineEpochMillis() {
        return deadlineEpochMillis;
    }

    void cordon(boolean closed) {
        cordoned = closed;
        save();
    }

    void drain(boolean on, OptionalLong until, String why) {
        draining = on;
        deadlineEpochMillis = on ? until : OptionalLong.empty();
        message = on ? why : "";
        save();
    }

    private void save() {
        Properties p = new Properties();
        p.setProperty("cordoned", Boolean.toString(cordoned));
        p.setProperty("draining", Boolean.toString(draining));
        p.setProperty("message", message);
        deadlineEpochMillis.ifPresent(d -> p.setProperty("deadline", Long.toString(d)));
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(file.getParent());
            try (Writer out = Files.newBufferedWriter(fresh)) {
                p.store(out, null);
            }
            Files.move(
                    fresh,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.error("doors change now, but not after a restart: file={}", file, e);
        }
    }
}
