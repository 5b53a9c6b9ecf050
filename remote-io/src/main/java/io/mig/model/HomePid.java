package io.mig.model;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process for life, wherever its body runs: where it was started, as which pid, and when.
 *
 * @param home home node
 * @param pid pid on the home node
 * @param startTicks start time, field 22 of {@code /proc/PID/stat} (clock ticks since boot); tells
 *     reused pids apart
 */
public record HomePid(NodeId home, int pid, long startTicks) {
    private static final Pattern FORM =
            Pattern.compile("([a-z0-9-]{1,63}):([0-9]{1,10})@([0-9]{1,18})");

    public HomePid {
        if (pid <= 0 || startTicks < 0) {
            throw new IllegalArgumentException(
                    "no process: pid=" + pid + " startTicks=" + startTicks);
        }
    }

    /** Reads {@link #toString()}'s form. */
    public static HomePid parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "process=" + text + " is not of the form node:pid@start");
        }
        return new HomePid(
                new NodeId(m.group(1)), Integer.parseInt(m.group(2)), Long.parseLong(m.group(3)));
    }

    /** The form for people: {@code node:pid}. */
    public String brief() {
        return home + ":" + pid;
    }

    @Override
    public String toString() {
        return home + ":" + pid + "@" + startTicks;
    }
}
