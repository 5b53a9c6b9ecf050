package io.mig.migration;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Ids of tasks as they see themselves, in their innermost pid namespace (NSpid of
 * proc_pid_status(5)).
 */
public final class InnerIds {
    private InnerIds() {}

    /** Inner pid of a process; -1 when it is gone. */
    public static int ofProcess(int pid) {
        return last(Path.of("/proc/" + pid + "/status"));
    }

    /** Inner id of a thread; -1 when it is gone. */
    public static int ofThread(int pid, int tid) {
        return last(Path.of("/proc/" + pid + "/task/" + tid + "/status"));
    }

    private static int last(Path status) {
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith("NSpid:")) {
                    String[] ids = line.strip().split("\\s+");
                    return Integer.parseInt(ids[ids.length - 1]);
                }
            }
        } catch (IOException e) {
            return -1; // it has ended
        }
        return -1;
    }
}
