package io.mig.checkpoint;

import java.util.Optional;

/**
 * One process of a frozen tree.
 *
 * @param startTicks field 22 of /proc/PID/stat; with the pid it names the process beyond doubt
 * @param oldCgroup where it came from, as /proc/PID/cgroup shows it
 * @param zombie ended, not yet waited for; it is part of the tree but cannot be in a cgroup
 */
public record FrozenMember(int pid, long startTicks, String oldCgroup, boolean zombie) {

    /** One line; the path comes last because it may contain anything but a newline. */
    String toLine() {
        return pid + " " + startTicks + " " + (zombie ? 'Z' : 'L') + " " + oldCgroup;
    }

    static Optional<FrozenMember> ofLine(String line) {
        String[] fields = line.split(" ", 4);
        if (fields.length < 4 || !fields[3].startsWith("/")) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new FrozenMember(
                            Integer.parseInt(fields[0]),
                            Long.parseLong(fields[1]),
                            fields[3],
                            fields[2].equals("Z")));
        } catch (NumberFormatException garbled) {
            return Optional.empty();
        }
    }
}
