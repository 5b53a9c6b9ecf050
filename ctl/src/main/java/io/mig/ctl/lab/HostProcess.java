package io.mig.ctl.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process of this machine, as the host numbers it. The start time is part of its identity, so
 * that a recycled pid is never taken for it.
 */
record HostProcess(long pid, String startTicks) {
    /** Reads {@code PID STARTED} at the beginning of a line. */
    static HostProcess parse(String line) {
        String[] words = line.strip().split(" ");
        if (words.length < 2) {
            throw new LabException("\"" + line + "\" does not name a process");
        }
        return new HostProcess(Long.parseLong(words[0]), words[1]);
    }

    /** The process that a state file names, when it is alive. */
    static Optional<HostProcess> in(Path file) {
        try {
            return Optional.of(Files.readString(file))
                    .filter(text -> !text.isBlank())
                    .map(HostProcess::parse)
                    .filter(HostProcess::isAlive);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new LabException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /** The process with this pid, when there is one. */
    static Optional<HostProcess> of(long pid) {
        return startOf(pid).map(start -> new HostProcess(pid, start));
    }

    boolean isAlive() {
        return startOf(pid).filter(startTicks::equals).isPresent();
    }

    /** Its root folder, as the host can reach it. */
    Path root() {
        return Path.of("/proc", Long.toString(pid), "root");
    }

    @Override
    public String toString() {
        return pid + " " + startTicks;
    }

    private static Optional<String> startOf(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return afterName[0].equals("Z") || afterName[0].equals("X")
                    ? Optional.empty()
                    : Optional.of(afterName[19]);
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
