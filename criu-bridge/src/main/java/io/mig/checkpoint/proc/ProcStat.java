package io.mig.checkpoint.proc;

import java.util.Optional;

/**
 * {@code /proc/PID/stat} (proc_pid_stat(5)), the fields we use. Times are clock ticks (100 per
 * second on Linux as user space sees it), {@code startTicks} counts from boot and tells a pid from
 * its later reuse.
 *
 * @param childTicks processor time of children that ended and were waited for, and of theirs
 */
public record ProcStat(
        int pid,
        String comm,
        char state,
        int ppid,
        int pgid,
        int sid,
        long ttyNr,
        int tpgid,
        long flags,
        long utimeTicks,
        long stimeTicks,
        int threads,
        long startTicks,
        long rssPages,
        long childTicks) {
    /** PF_KTHREAD of include/linux/sched.h. */
    private static final long KERNEL_THREAD = 0x00200000;

    /** PF_FORKNOEXEC of the same file. */
    private static final long FORKED = 0x00000040;

    private static final int LAST_FIELD = 24;

    public boolean kernelThread() {
        return (flags & KERNEL_THREAD) != 0;
    }

    /**
     * Whether it is a mere fork that runs its parent's program; true also for what CRIU restored.
     */
    public boolean forked() {
        return (flags & FORKED) != 0;
    }

    public boolean zombie() {
        return state == 'Z' || state == 'X' || state == 'x';
    }

    /**
     * Empty when the text is not a stat line. The name may hold anything, also blanks, parentheses
     * and newlines.
     */
    public static Optional<ProcStat> parse(String text) {
        int open = text.indexOf('(');
        int close = text.lastIndexOf(')');
        if (open < 1 || close < open) {
            return Optional.empty();
        }
        int pid = Text.intOf(text.substring(0, open), -1);
        long[] fields = new long[LAST_FIELD + 1];
        char state = fields(text, close + 1, fields);
        if (pid < 0 || state == 0) {
            return Optional.empty();
        }
        return Optional.of(
                new ProcStat(
                        pid,
                        text.substring(open + 1, close),
                        state,
                        (int) fields[4],
                        (int) fields[5],
                        (int) fields[6],
                        // The kernel prints the device number as a signed 32-bit value.
                        fields[7] & 0xffffffffL,
                        (int) fields[8],
                        fields[9],
                        fields[14],
                        fields[15],
                        (int) fields[20],
                        fields[22],
                        fields[24],
                        fields[16] + fields[17]));
    }

    /**
     * Fills in fields by their numbers in the manual page, from 4 on, without making a text of
     * each: this runs for every process of a busy node. Fields that are missing or no numbers are
     * 0.
     *
     * @return the state, which is field 3; 0 when there is none
     */
    private static char fields(String text, int from, long[] fields) {
        char state = 0;
        int at = from;
        for (int field = 3; field < fields.length; field++) {
            while (at < text.length() && text.charAt(at) <= ' ') {
                at++;
            }
            int begin = at;
            while (at < text.length() && text.charAt(at) > ' ') {
                at++;
            }
            if (begin == at) {
                return state;
            }
            if (field == 3) {
                state = text.charAt(begin);
            } else {
                fields[field] = number(text, begin, at);
            }
        }
        return state;
    }

    private static long number(String text, int begin, int end) {
        boolean negative = text.charAt(begin) == '-';
        long value = 0;
        for (int i = negative ? begin + 1 : begin; i < end; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            value = 10 * value + digit;
        }
        return negative ? -value : value;
    }
}
