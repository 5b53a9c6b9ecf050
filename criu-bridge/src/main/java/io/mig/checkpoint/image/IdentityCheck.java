package io.mig.checkpoint.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Compares the identities an image claims with those its home vouches for, before CRIU, as root,
 * makes them real.
 *
 * <p>It looks at what decides identity in CRIU 4.2: the credentials in each thread's core file. The
 * older form (a creds-PID file, used when a core carries none) is a violation by itself.
 */
public final class IdentityCheck {
    private static final int MAX_REPORTED = 20;

    private IdentityCheck() {}

    /**
     * Everything that exceeds the limits, each as a sentence with ids; empty when the image keeps
     * within them.
     */
    public static List<String> violations(ImageDirectory images, IdentityLimits limits) {
        List<String> found = new ArrayList<>();
        for (TaskImage task : images.tasks()) {
            if (!limits.pids().contains(task.pid())) {
                found.add("unexpected process: pid=" + task.pid() + " comm=" + task.comm());
            }
            for (ThreadImage thread : task.threads()) {
                check(task, thread, limits, found);
            }
            if (found.size() >= MAX_REPORTED) {
                break;
            }
        }
        return found;
    }

    private static void check(
            TaskImage task, ThreadImage thread, IdentityLimits limits, List<String> found) {
        String who = "pid=" + task.pid() + " tid=" + thread.tid() + " comm=" + thread.comm();
        if (thread.credentials().isEmpty()) {
            found.add("no credentials in the core image: " + who);
            return;
        }
        CredentialsImage claimed = thread.credentials().get();
        claim(who, "uid", claimed.uids(), limits.uids(), found);
        claim(who, "gid", claimed.gids(), limits.gids(), found);
        long excess = claimed.capabilities() & ~limits.capabilities();
        if (excess != 0) {
            found.add(
                    "capabilities beyond those at home: "
                            + who
                            + " excess=0x"
                            + Long.toHexString(excess));
        }
    }

    private static void claim(
            String who,
            String what,
            Set<Integer> claimed,
            Set<Integer> allowed,
            List<String> found) {
        for (int id : claimed) {
            if (!allowed.contains(id)) {
                found.add(
                        what
                                + " not held at home: "
                                + who
                                + " "
                                + what
                                + "="
                                + Integer.toUnsignedString(id));
            }
        }
    }
}
