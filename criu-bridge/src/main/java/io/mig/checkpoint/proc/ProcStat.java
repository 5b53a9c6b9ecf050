package io.mig.checkpoint.proc;

import java.util.List;
import java.util.Optional;

/**
 * {@code /proc/PID/stat} (proc_pid_stat(5)), the fields we use. Times are clock ticks (100 per
 * second on Linux as user space sees it), {@code startTicks} counts from boot and tells a pid from
 * its later reuse.
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
        long rssPages) {
    /** PF_KTHREAD of include/linux/sched.h. */
    private static final long KERNEL_THREAD = 0x00200000;

    public boolean kernelThread() {
        return (flags & KERNEL_THREAD) != 0;
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
        List<String> rest = Text.words(text.substring(close + 1).strip());
        if (pid < 0 || rest.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new ProcStat(
                        pid,
                        text.substring(open + 1, close),
                        rest.getFirst().charAt(0),
                        (int) at(rest, 4),
                        (int) at(rest, 5),
                        (int) at(rest, 6),
                        // The kernel prints the device number as a signed 32-bit value.
                        at(rest, 7) & 0xffffffffL,
                        (int) at(rest, 8),
                        at(rest, 9),
                        at(rest, 14),
                        at(rest, 15),
                        (int) at(rest, 20),
                        at(rest, 22),
                        at(rest, 24)));
    }

    /** Field by its number in the manual page; the state is field 3. */
    private static long at(List<String> afterName, int field) {
        int index = field - 3;
        return index < afterName.size() ? Text.decimal(afterName.get(index), 0) : 0;
    }
}
