package io.mig.migration.preflight;

/**
 * A file that the tree uses by name, so the target must have it.
 *
 * @param path absolute, as the tree sees it
 * @param subject who needs it, for messages: {@code fd 3 of pid 1234 (python3)}
 * @param sharedStorage lies in a folder that is declared to be the same storage on all nodes
 * @param size bytes, -1 when it does not matter
 * @param mtimeNanos nanoseconds since 1970
 * @param mode type and permissions as in stat(2)
 * @param uid owner, -1 when it does not matter (then the group neither)
 * @param dev device and inode at the source: the target's are equal only on the same storage
 */
public record FileNeed(
        String path,
        Access access,
        String subject,
        boolean sharedStorage,
        long size,
        long mtimeNanos,
        int mode,
        int uid,
        int gid,
        long dev,
        long ino) {

    /** What the tree does with it. */
    public enum Access {
        /** Reads, maps or executes: content must be identical. */
        READ,
        /** Writes, or maps shared and writable: must be the same storage. */
        WRITE,
        /** A folder: open, or the working directory. */
        FOLDER,
        /** A file of {@code /proc} or {@code /sys}: must exist, the content is the kernel's. */
        KERNEL
    }

    public FileNeed {
        if (!path.startsWith("/") || path.length() > 4096 || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("not an absolute path, path=" + path);
        }
    }
}
