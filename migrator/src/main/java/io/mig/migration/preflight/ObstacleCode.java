package io.mig.migration.preflight;

import java.util.Locale;

/** Reasons why a process cannot move. Names are stable: they appear in JSON and in scripts. */
public enum ObstacleCode {
    // who it is
    UNKNOWN_PID,
    OTHER_USER,
    ROOT_PROCESS,
    INIT,
    KERNEL_THREAD,
    ZOMBIE,
    AGENT,
    CALLER_IN_TREE,
    MIG_PROCESS,
    DEPUTY,
    // the state it is in
    PTRACED,
    WORD_SIZE,
    NAMESPACE,
    CHROOT,
    SECCOMP,
    SHARED_MEMORY_SPACE,
    SHARED_FD_TABLE,
    TREE_UNSTABLE,
    ZOMBIE_IN_TREE,
    DEAD_LEADER,
    ORPHAN_IN_CAPSULE,
    // sessions and terminals
    SESSION_LEADER,
    FOREIGN_SESSION,
    FOREIGN_TTY,
    PTY_MASTER,
    CURRENT_TTY,
    // descriptors
    IO_URING,
    USERFAULTFD,
    PERF_EVENT,
    BPF,
    KVM,
    LANDLOCK,
    SECCOMP_NOTIFY,
    FILE_WATCH,
    NAMESPACE_FD,
    UNSUPPORTED_FD,
    DEVICE,
    FIFO,
    PIPE_PACKET_MODE,
    PIPE_BOTH_WAYS,
    PIPE_CROSSED,
    SHARED_EVENT,
    PIDFD_OUTSIDE,
    UNKNOWN_STREAM,
    // sockets
    INET_SOCKET,
    NETLINK_SOCKET,
    PACKET_SOCKET,
    UNKNOWN_SOCKET,
    UNIX_LISTENING,
    UNIX_NAMED,
    UNIX_PEER,
    UNIX_SHARED,
    SYSLOG,
    // memory
    DEVICE_MAPPING,
    SYSV_SHM,
    SYSV_MSG,
    SHARED_MEMORY,
    UNSUPPORTED_MAPPING,
    // files
    DELETED_FILE,
    DELETED_SHARED,
    RENAMED_AWAY,
    HIDDEN_FILE,
    PATH_NAME,
    SHARED_OFFSET,
    AMBIGUOUS_FILE,
    FILE_LOCK,
    LEASE,
    NOT_SHARED,
    WRITTEN_BY_OTHERS,
    PROC_FILE,
    NOT_ON_TARGET,
    DIFFERENT_ON_TARGET,
    SHARE_NOT_PROVEN,
    // the target
    SAME_NODE,
    TARGET_DOWN,
    TARGET_FULL,
    TARGET_MEMORY,
    TARGET_DISK,
    CRIU_VERSION,
    ARCHITECTURE,
    CPU_FEATURES,
    KERNEL;

    /** Form for JSON and scripts: {@code io-uring}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
