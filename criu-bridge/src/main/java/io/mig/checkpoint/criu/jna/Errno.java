package io.mig.checkpoint.criu.jna;

import java.util.Map;

/** The errno values that our callers tell apart, with the names a reader knows (errno(3)). */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int ESRCH = 3;
    public static final int EINTR = 4;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EINVAL = 22;
    public static final int EPIPE = 32;
    public static final int ENOSYS = 38;
    public static final int EMSGSIZE = 90;
    public static final int ENOPROTOOPT = 92;
    public static final int EOPNOTSUPP = 95;
    public static final int EADDRINUSE = 98;
    public static final int ECONNRESET = 104;

    private static final Map<Integer, String> NAMES =
            Map.ofEntries(
                    Map.entry(EPERM, "EPERM"),
                    Map.entry(ENOENT, "ENOENT"),
                    Map.entry(ESRCH, "ESRCH"),
                    Map.entry(EINTR, "EINTR"),
                    Map.entry(5, "EIO"),
                    Map.entry(EBADF, "EBADF"),
                    Map.entry(EAGAIN, "EAGAIN"),
                    Map.entry(ENOMEM, "ENOMEM"),
                    Map.entry(EACCES, "EACCES"),
                    Map.entry(EBUSY, "EBUSY"),
                    Map.entry(EEXIST, "EEXIST"),
                    Map.entry(19, "ENODEV"),
                    Map.entry(20, "ENOTDIR"),
                    Map.entry(EINVAL, "EINVAL"),
                    Map.entry(24, "EMFILE"),
                    Map.entry(28, "ENOSPC"),
                    Map.entry(EPIPE, "EPIPE"),
                    Map.entry(ENOSYS, "ENOSYS"),
                    Map.entry(56, "EBADRQC"),
                    Map.entry(EMSGSIZE, "EMSGSIZE"),
                    Map.entry(ENOPROTOOPT, "ENOPROTOOPT"),
                    Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
                    Map.entry(EADDRINUSE, "EADDRINUSE"),
                    Map.entry(ECONNRESET, "ECONNRESET"),
                    Map.entry(111, "ECONNREFUSED"));

    private Errno() {}

    /** "ESRCH" or, for a value we have no name for, "errno 77". */
    public static String name(int errno) {
        return NAMES.getOrDefault(errno, "errno " + errno);
    }
}
