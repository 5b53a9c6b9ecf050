package io.mig.load;

import java.util.Optional;

/**
 * The fields of {@code /proc/PID/stat} that tell load (proc_pid_stat(5)).
 *
 * @param state state letter
 * @param cpuTicks user and system time of all threads, in clock ticks
 * @param startTicks start time since boot, in clock ticks
 * @param rssPages resident pages
 */
record ProcessStat(char state, long cpuTicks, long startTicks, long rssPages) {
    // indices count from the state, field 3, which is the first behind the command name
    private static final int STATE = 0;
    private static final int UTIME = 11;
    private static final int STIME = 12;
    private static final int START_TIME = 19;
    private static final int RSS = 21;

    /**
     * The fields of a line; empty when it is cut or odd. The name in brackets may hold blanks and
     * brackets itself.
     */
    static Optional<ProcessStat> parse(String line) {
        String[] fields = line.substring(line.lastIndexOf(')') + 1).strip().split(" ", RSS + 2);
        if (fields.length <= RSS || fields[STATE].length() != 1) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new ProcessStat(
                            fields[STATE].charAt(0),
                            Long.parseLong(fields[UTIME]) + Long.parseLong(fields[STIME]),
                            Long.parseLong(fields[START_TIME]),
                            Long.parseLong(fields[RSS])));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
