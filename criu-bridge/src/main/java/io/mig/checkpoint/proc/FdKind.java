package io.mig.checkpoint.proc;

/** What a descriptor leads to, from the text of its {@code /proc/PID/fd} link and its stat(2). */
public enum FdKind {
    REGULAR("file"),
    /** memfd_create(2); looks like a deleted regular file. */
    MEMFD("memory file"),
    DIRECTORY("directory"),
    PIPE("pipe"),
    FIFO("FIFO"),
    /** A terminal that is not a pseudo terminal's master: pts slave, console, serial line. */
    TTY("terminal"),
    /** Master of a pseudo terminal: what a terminal emulator holds. */
    PTY_MASTER("pseudo terminal master"),
    /** {@code /dev/tty}: whatever the controlling terminal is. */
    TTY_CURRENT("/dev/tty"),
    /** {@code /dev/null zero full random urandom}. */
    MEMORY_DEVICE("memory device"),
    CHAR_DEVICE("character device"),
    BLOCK_DEVICE("block device"),
    SOCKET("socket"),
    EVENTFD("eventfd"),
    EPOLL("epoll"),
    TIMERFD("timerfd"),
    SIGNALFD("signalfd"),
    PIDFD("pidfd"),
    INOTIFY("inotify"),
    FANOTIFY("fanotify"),
    IO_URING("io_uring"),
    USERFAULTFD("userfaultfd"),
    PERF_EVENT("perf event"),
    BPF("BPF object"),
    KVM("KVM virtual machine"),
    LANDLOCK("landlock rule set"),
    SECCOMP_NOTIFY("seccomp notifier"),
    /** A namespace held open: {@code net:[4026531840]}. */
    NAMESPACE("namespace"),
    OTHER_ANON("anonymous kernel object"),
    UNKNOWN("unknown kind of file");

    private final String label;

    FdKind(String label) {
        this.label = label;
    }

    /** Word for messages. */
    public String label() {
        return label;
    }

    /**
     * A kernel object without a name or a data stream, which only sharing can make external:
     * eventfd and its like.
     */
    public boolean eventLike() {
        return switch (this) {
            case EVENTFD, EPOLL, TIMERFD, SIGNALFD, PIDFD -> true;
            case REGULAR,
                    MEMFD,
                    DIRECTORY,
                    PIPE,
                    FIFO,
                    TTY,
                    PTY_MASTER,
                    TTY_CURRENT,
                    MEMORY_DEVICE,
                    CHAR_DEVICE,
                    BLOCK_DEVICE,
                    SOCKET,
                    INOTIFY,
                    FANOTIFY,
                    IO_URING,
                    USERFAULTFD,
                    PERF_EVENT,
                    BPF,
                    KVM,
                    LANDLOCK,
                    SECCOMP_NOTIFY,
                    NAMESPACE,
                    OTHER_ANON,
                    UNKNOWN ->
                    false;
        };
    }

    static FdKind of(String target, FileStat stat) {
        if (target.startsWith("pipe:[")) {
            return PIPE;
        }
        if (target.startsWith("socket:[") || stat.isSocket()) {
            return SOCKET;
        }
        if (target.startsWith("anon_inode:")) {
            return anonymous(target.substring("anon_inode:".length()));
        }
        if (target.startsWith("pidfd:[")) {
            return PIDFD;
        }
        if (!target.startsWith("/")) {
            return target.matches("[a-z_]+:\\[\\d+]") ? NAMESPACE : UNKNOWN;
        }
        if (stat.isCharDevice()) {
            return charDevice(stat.rdevMajor(), stat.rdevMinor());
        }
        if (stat.isBlockDevice()) {
            return BLOCK_DEVICE;
        }
        if (stat.isDirectory()) {
            return DIRECTORY;
        }
        if (stat.isFifo()) {
            return FIFO;
        }
        if (stat.isRegular()) {
            return target.startsWith("/memfd:") ? MEMFD : REGULAR;
        }
        return UNKNOWN;
    }

    private static FdKind anonymous(String text) {
        String name =
                text.startsWith("[") && text.endsWith("]")
                        ? text.substring(1, text.length() - 1)
                        : text;
        return switch (name) {
            case "eventfd" -> EVENTFD;
            case "eventpoll" -> EPOLL;
            case "timerfd" -> TIMERFD;
            case "signalfd" -> SIGNALFD;
            case "pidfd" -> PIDFD;
            case "inotify" -> INOTIFY;
            case "fanotify" -> FANOTIFY;
            case "io_uring" -> IO_URING;
            case "userfaultfd" -> USERFAULTFD;
            case "perf_event" -> PERF_EVENT;
            case "landlock-ruleset" -> LANDLOCK;
            case "seccomp notify" -> SECCOMP_NOTIFY;
            default -> name.startsWith("bpf") ? BPF : name.startsWith("kvm") ? KVM : OTHER_ANON;
        };
    }

    /** Numbers of Documentation/admin-guide/devices.txt. */
    private static FdKind charDevice(int major, int minor) {
        if (major == 1) {
            return switch (minor) {
                case 3, 5, 7, 8, 9 -> MEMORY_DEVICE;
                default -> CHAR_DEVICE;
            };
        }
        if (major == 5) {
            return switch (minor) {
                case 0 -> TTY_CURRENT;
                case 2 -> PTY_MASTER;
                default -> TTY;
            };
        }
        if (major == 10 && minor == 232) {
            return KVM;
        }
        if (major == 2 || (major >= 128 && major <= 135)) {
            return PTY_MASTER;
        }
        boolean tty =
                major == 3
                        || major == 4
                        || (major >= 136 && major <= 143)
                        || major == 204
                        || major == 229;
        return tty ? TTY : CHAR_DEVICE;
    }
}
