package io.mig.files.sys;

/**
 * Numbers of the system calls used here: of x86-64, and of the generic table that aarch64 has.
 * Source: {@code arch/x86/entry/syscalls/syscall_64.tbl}, {@code asm-generic/unistd.h}.
 */
public enum SysCall {
    READ(0, 63),
    WRITE(1, 64),
    CLOSE(3, 57),
    LSEEK(8, 62),
    IOCTL(16, 29),
    PREAD(17, 67),
    PWRITE(18, 68),
    FCNTL(72, 25),
    FLOCK(73, 32),
    FSYNC(74, 82),
    FDATASYNC(75, 83),
    TRUNCATE(76, 45),
    FTRUNCATE(77, 46),
    GETDENTS(217, 61),
    SETXATTR(188, 5),
    GETXATTR(191, 8),
    LISTXATTR(194, 11),
    REMOVEXATTR(197, 14),
    UMASK(95, 166),
    SETGROUPS(116, 159),
    SETFSUID(122, 151),
    SETFSGID(123, 152),
    CAPGET(125, 90),
    CAPSET(126, 91),
    FSTATFS(138, 44),
    MOUNT(165, 40),
    UMOUNT(166, 39),
    OPENAT(257, 56),
    MKDIRAT(258, 34),
    MKNODAT(259, 33),
    FCHOWNAT(260, 54),
    UNLINKAT(263, 35),
    LINKAT(265, 37),
    SYMLINKAT(266, 36),
    READLINKAT(267, 78),
    FCHMODAT(268, 53),
    PPOLL(271, 73),
    UNSHARE(272, 97),
    UTIMENSAT(280, 88),
    FALLOCATE(285, 47),
    EVENTFD(290, 19),
    FANOTIFY_INIT(300, 262),
    FANOTIFY_MARK(301, 263),
    NAME_TO_HANDLE_AT(303, 264),
    OPEN_BY_HANDLE_AT(304, 265),
    RENAMEAT2(316, 276),
    COPY_FILE_RANGE(326, 285),
    STATX(332, 291),
    PIDFD_OPEN(434, 434),
    PIDFD_GETFD(438, 438),
    FACCESSAT2(439, 439);

    private static final boolean ARM = "aarch64".equals(System.getProperty("os.arch"));

    private final int x86;
    private final int generic;

    SysCall(int x86, int generic) {
        this.x86 = x86;
        this.generic = generic;
    }

    int number() {
        return ARM ? generic : x86;
    }
}
