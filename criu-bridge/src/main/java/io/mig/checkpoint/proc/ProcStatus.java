package io.mig.checkpoint.proc;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code /proc/PID/status} (proc_pid_status(5)), the fields we use. Signal sets are masks with bit
 * {@code n-1} for signal {@code n}.
 *
 * @param nsPid pid in each nested pid namespace, outermost (that of the reader) first
 * @param tracerPid who ptraces it, 0 when nobody
 * @param seccompMode 0 off, 1 strict, 2 filter
 */
public record ProcStatus(
        Ids uids,
        Ids gids,
        List<Integer> nsPid,
        List<Integer> nsPgid,
        List<Integer> nsSid,
        int tracerPid,
        long rssBytes,
        long sharedRssBytes,
        long lockedBytes,
        long swapBytes,
        long hugePageBytes,
        long threadPending,
        long processPending,
        long blocked,
        long ignored,
        long caught,
        int seccompMode,
        int seccompFilters) {

    public ProcStatus {
        nsPid = List.copyOf(nsPid);
        nsPgid = List.copyOf(nsPgid);
        nsSid = List.copyOf(nsSid);
    }

    /** Missing or odd lines give zero, -1 for ids. */
    public static ProcStatus parse(String text) {
        Map<String, String> fields = new HashMap<>();
        text.lines()
                .forEach(
                        line -> {
                            int colon = line.indexOf(':');
                            if (colon > 0) {
                                fields.putIfAbsent(
                                        line.substring(0, colon),
                                        line.substring(colon + 1).strip());
                            }
                        });
        return new ProcStatus(
                Ids.parse(field(fields, "Uid")),
                Ids.parse(field(fields, "Gid")),
                numbers(field(fields, "NSpid")),
                numbers(field(fields, "NSpgid")),
                numbers(field(fields, "NSsid")),
                Text.intOf(field(fields, "TracerPid"), 0),
                kilobytes(fields, "VmRSS"),
                kilobytes(fields, "RssShmem"),
                kilobytes(fields, "VmLck"),
                kilobytes(fields, "VmSwap"),
                kilobytes(fields, "HugetlbPages"),
                Text.hex(field(fields, "SigPnd"), 0),
                Text.hex(field(fields, "ShdPnd"), 0),
                Text.hex(field(fields, "SigBlk"), 0),
                Text.hex(field(fields, "SigIgn"), 0),
                Text.hex(field(fields, "SigCgt"), 0),
                Text.intOf(field(fields, "Seccomp"), 0),
                Text.intOf(field(fields, "Seccomp_filters"), 0));
    }

    private static String field(Map<String, String> fields, String name) {
        return fields.getOrDefault(name, "");
    }

    private static long kilobytes(Map<String, String> fields, String name) {
        List<String> words = Text.words(field(fields, name));
        return words.isEmpty() ? 0 : Text.decimal(words.getFirst(), 0) * 1024;
    }

    private static List<Integer> numbers(String value) {
        return Text.words(value).stream().map(w -> Text.intOf(w, -1)).filter(n -> n >= 0).toList();
    }
}
