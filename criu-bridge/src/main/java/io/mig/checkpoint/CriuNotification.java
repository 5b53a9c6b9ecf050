package io.mig.checkpoint;

import java.util.OptionalInt;

/**
 * One step CRIU tells about.
 *
 * @param script CRIU's name of the step, such as {@code post-restore}
 * @param pid the root of the restored tree in the pid namespace of the criu process; only with
 *     {@code setup-namespaces} and {@code post-restore}
 */
public record CriuNotification(String script, OptionalInt pid) {
    public static final String PRE_DUMP = "pre-dump";
    public static final String POST_DUMP = "post-dump";
    public static final String PRE_RESTORE = "pre-restore";
    public static final String POST_RESTORE = "post-restore";
    public static final String PRE_RESUME = "pre-resume";
    public static final String POST_RESUME = "post-resume";
}
