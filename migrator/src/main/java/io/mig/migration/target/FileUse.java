package io.mig.migration.target;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What a guest did with files since it came. Only what the caches of this node did not have is
 * counted, on both ways.
 *
 * @param operations requests that went through home's mount
 * @param homeRead bytes of files that came from home
 * @param homeWritten bytes of files that went to home
 * @param direct bytes between it and storage that this node mounts itself
 * @param waits why its operations wait now; empty: they do not
 */
public record FileUse(
        long operations, long homeRead, long homeWritten, Storage direct, String waits) {
    /**
     * As proc_pid_io(5) counts them: a mount that a user program serves, such as home's, is not in
     * it. Processes that have ended count with the one that waited for them.
     */
    public record Storage(long read, long written) {
        static Storage of(Path proc, List<Integer> pids) {
            long read = 0;
            long written = 0;
            for (int pid : pids) {
                try {
                    String text =
                            Files.readString(proc.resolve(Integer.toString(pid)).resolve("io"));
                    read += field(text, "read_bytes: ");
                    written +=
                            field(text, "write_bytes: ") - field(text, "cancelled_write_bytes: ");
                } catch (IOException | NumberFormatException e) {
                    // it has ended meanwhile
                }
            }
            return new Storage(read, Math.max(0, written));
        }

        private static long field(String text, String name) {
            return text.lines()
                    .filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.substring(name.length())))
                    .findFirst()
                    .orElse(0);
        }
    }
}
