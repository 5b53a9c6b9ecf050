package io.mig.files.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the kernel tells of signals that wait for a thread. Source: proc_pid_status(5). */
final class Signals {
    private static final long SIGKILL = 1L << (9 - 1);

    private Signals() {}

    /**
     * Whether a thread is about to die: every signal that ends a process becomes SIGKILL for its
     * threads, and threads that are gone have died.
     */
    static boolean killed(int tid) {
        if (tid == 0) {
            return false;
        }
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + tid + "/status"))) {
                if (line.startsWith("SigPnd:") || line.startsWith("ShdPnd:")) {
                    long set = Long.parseUnsignedLong(line.substring(7).trim(), 16);
                    if ((set & SIGKILL) != 0) {
                        return true;
                    }
                }
            }
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
