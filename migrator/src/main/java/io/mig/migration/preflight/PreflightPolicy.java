package io.mig.migration.preflight;

import java.util.List;

/**
 * What is allowed, and to whom.
 *
 * @param callerUid who asks; 0 may move everybody's processes
 * @param callerPid the command that asks, 0 when it is the agent itself
 * @param rootProcesses may processes with root's rights move at all?
 * @param shared folders that the configuration declares to be the same storage on every node,
 *     absolute and without "."
 * @param ghostLimitBytes largest deleted but open file that travels with the image
 * @param unixStreams carry connected unix stream sockets whose peer stays
 * @param pipesBothWays carry pipes that the tree both reads and writes together with processes that
 *     stay (make's jobserver)
 * @param zombiesInTree let children move that ended and were not waited for yet
 * @param homeTree the home whose files are the tree's root wherever it goes; empty when each node's
 *     own files are
 */
public record PreflightPolicy(
        int callerUid,
        int callerPid,
        boolean rootProcesses,
        List<String> shared,
        long ghostLimitBytes,
        boolean unixStreams,
        boolean pipesBothWays,
        boolean zombiesInTree,
        String homeTree) {
    public PreflightPolicy {
        shared = shared.stream().map(PreflightPolicy::folder).toList();
        if (ghostLimitBytes < 0) {
            throw new IllegalArgumentException(
                    "ghostLimitBytes=" + ghostLimitBytes + " must not be negative");
        }
    }

    /** Each node's own files are the root. */
    public PreflightPolicy(
            int callerUid,
            int callerPid,
            boolean rootProcesses,
            List<String> shared,
            long ghostLimitBytes,
            boolean unixStreams,
            boolean pipesBothWays,
            boolean zombiesInTree) {
        this(
                callerUid,
                callerPid,
                rootProcesses,
                shared,
                ghostLimitBytes,
                unixStreams,
                pipesBothWays,
                zombiesInTree,
                "");
    }

    /**
     * Root asks, nothing is shared, CRIU's own limit of 1 MiB for deleted files, no optional kinds
     * of streams.
     */
    public static PreflightPolicy defaults() {
        return new PreflightPolicy(0, 0, true, List.of(), 1 << 20, false, false, false);
    }

    public PreflightPolicy withCaller(int uid, int pid) {
        return new PreflightPolicy(
                uid,
                pid,
                rootProcesses,
                shared,
                ghostLimitBytes,
                unixStreams,
                pipesBothWays,
                zombiesInTree,
                homeTree);
    }

    public PreflightPolicy withShared(List<String> folders) {
        return new PreflightPolicy(
                callerUid,
                callerPid,
                rootProcesses,
                folders,
                ghostLimitBytes,
                unixStreams,
                pipesBothWays,
                zombiesInTree,
                homeTree);
    }

    public PreflightPolicy withHomeTree(String home) {
        return new PreflightPolicy(
                callerUid,
                callerPid,
                rootProcesses,
                shared,
                ghostLimitBytes,
                unixStreams,
                pipesBothWays,
                zombiesInTree,
                home);
    }

    /** Whether files are found by name on every node because they are served by the home. */
    boolean filesComeAlong() {
        return !homeTree.isEmpty();
    }

    /** The declared folder that holds a path, if any. */
    java.util.Optional<String> sharedFolderOf(String path) {
        return shared.stream().filter(f -> inside(f, path)).findFirst();
    }

    static boolean inside(String folder, String path) {
        return path.equals(folder) || path.startsWith(folder.equals("/") ? "/" : folder + "/");
    }

    private static String folder(String text) {
        String folder =
                text.length() > 1 && text.endsWith("/")
                        ? text.substring(0, text.length() - 1)
                        : text;
        if (!folder.startsWith("/")
                || (folder + "/").contains("/../")
                || (folder + "/").contains("/./")) {
            throw new IllegalArgumentException(
                    "shared=" + text + " must be an absolute path without . and ..");
        }
        return folder;
    }
}
