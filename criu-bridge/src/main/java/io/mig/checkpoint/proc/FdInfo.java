package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code /proc/PID/fdinfo/N} (proc_pid_fdinfo(5)).
 *
 * @param flags flags of open(2), with O_CLOEXEC when the descriptor is closed on exec
 * @param locks locks held through this descriptor (flock, lease) or by this process on this file
 *     (POSIX)
 * @param details the lines particular to the kind of file, e.g. {@code eventfd-id}; the first of
 *     lines with equal names
 */
public record FdInfo(
        long pos,
        int flags,
        int mountId,
        long ino,
        List<LockFacts> locks,
        Map<String, String> details) {
    public FdInfo {
        locks = List.copyOf(locks);
        details = Map.copyOf(details);
    }

    public static FdInfo parse(String text) {
        Map<String, String> fields = new HashMap<>();
        List<LockFacts> locks = new ArrayList<>();
        text.lines()
                .forEach(
                        line -> {
                            int colon = line.indexOf(':');
                            if (colon <= 0) {
                                return;
                            }
                            String name = line.substring(0, colon).strip();
                            String value = line.substring(colon + 1).strip();
                            if (name.equals("lock")) {
                                LockFacts.parse(value).ifPresent(locks::add);
                            } else {
                                fields.putIfAbsent(name, value);
                            }
                        });
        long pos = Text.decimal(removed(fields, "pos"), 0);
        int flags = (int) Text.octal(removed(fields, "flags"), 0);
        int mountId = Text.intOf(removed(fields, "mnt_id"), -1);
        long ino = Text.decimal(removed(fields, "ino"), 0);
        return new FdInfo(pos, flags, mountId, ino, locks, fields);
    }

    private static String removed(Map<String, String> fields, String name) {
        String value = fields.remove(name);
        return value == null ? "" : value;
    }
}
