package io.mig.checkpoint.proc;

/**
 * What {@code stat(2)} says about a file.
 *
 * @param dev device number as in {@code st_dev}
 * @param mode type and permission bits as in {@code st_mode}
 * @param size bytes
 * @param mtimeNanos last modification, nanoseconds since 1970
 */
public record FileStat(
        long dev,
        long ino,
        int mode,
        int nlink,
        int uid,
        int gid,
        long rdev,
        long size,
        long mtimeNanos) {
    private static final int TYPE_MASK = 0170000;

    /** Identity of the file within this machine. */
    public FileId id() {
        return new FileId(dev, ino);
    }

    /** Permission bits with set-id and sticky bits. */
    public int permissions() {
        return mode & 07777;
    }

    public boolean isRegular() {
        return (mode & TYPE_MASK) == 0100000;
    }

    public boolean isDirectory() {
        return (mode & TYPE_MASK) == 0040000;
    }

    public boolean isFifo() {
        return (mode & TYPE_MASK) == 0010000;
    }

    public boolean isSocket() {
        return (mode & TYPE_MASK) == 0140000;
    }

    public boolean isCharDevice() {
        return (mode & TYPE_MASK) == 0020000;
    }

    public boolean isBlockDevice() {
        return (mode & TYPE_MASK) == 0060000;
    }

    /** Major number of the device that this special file stands for. */
    public int rdevMajor() {
        return major(rdev);
    }

    /** Minor number of the device that this special file stands for. */
    public int rdevMinor() {
        return minor(rdev);
    }

    /** Major part of a device number in the encoding of {@code st_dev} (makedev(3)). */
    public static int major(long dev) {
        return (int) ((dev >>> 8 & 0xfff) | (dev >>> 32 & 0xfffff000L));
    }

    /** Minor part of a device number in the encoding of {@code st_dev} (makedev(3)). */
    public static int minor(long dev) {
        return (int) ((dev & 0xff) | (dev >>> 12 & 0xffffff00L));
    }

    /** Device number from its parts, see makedev(3). */
    public static long makedev(long major, long minor) {
        return (minor & 0xff)
                | (major & 0xfff) << 8
                | (minor & ~0xffL) << 12
                | (major & ~0xfffL) << 32;
    }
}
