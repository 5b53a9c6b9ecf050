package io.mig.checkpoint.criu.jna;

/**
 * What statfs(2) says about a file system.
 *
 * @param magic the type (f_type), see {@link #TMPFS}
 * @param totalBytes size
 * @param availableBytes room for ordinary users
 */
public record FileSystemFacts(long magic, long totalBytes, long availableBytes) {
    public static final long TMPFS = 0x01021994L;
    public static final long CGROUP2 = 0x63677270L;

    public boolean isTmpfs() {
        return magic == TMPFS;
    }
}
