package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.ThreadFacts;

/** Descriptors that are neither named files nor sockets nor streams. */
final class DescriptorRules {
    private static final String NO_DUMP = "CRIU cannot checkpoint it";

    private DescriptorRules() {}

    static void apply(Findings f) {
        for (OpenFile file : f.facts().openFiles()) {
            one(f, file);
        }
        for (ProcessFacts p : f.tree().processes()) {
            uringThreads(f, p);
        }
    }

    private static void one(Findings f, OpenFile file) {
        FdFacts fd = file.fd();
        switch (fd.kind()) {
            case IO_URING ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.IO_URING,
                            "an io_uring instance",
                            "make the program use epoll or plain I/O (many have an option or environment variable for it)");
            case USERFAULTFD ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.USERFAULTFD,
                            "a userfaultfd",
                            "start the program without the feature that uses it");
            case PERF_EVENT ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.PERF_EVENT,
                            "a performance counter",
                            "stop profiling the program");
            case BPF ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.BPF,
                            "a BPF object (" + fd.target() + ")",
                            "leave such programs at home");
            case KVM ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.KVM,
                            "a virtual machine (" + fd.target() + ")",
                            "use the virtual machine's own live migration");
            case LANDLOCK ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.LANDLOCK,
                            "a landlock rule set",
                            "start the program without its sandbox");
            case SECCOMP_NOTIFY ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.SECCOMP_NOTIFY,
                            "a seccomp notifier",
                            "leave container managers at home");
            case INOTIFY, FANOTIFY ->
                    f.add(
                            ObstacleCode.FILE_WATCH,
                            f.owner(file),
                            "it watches files for changes (" + fd.kind().label() + ")",
                            "changes made at home would not be noticed elsewhere",
                            "switch the program to polling, or leave it at home");
            case NAMESPACE ->
                    f.add(
                            ObstacleCode.NAMESPACE_FD,
                            f.owner(file),
                            "it holds a namespace open (" + fd.target() + ")",
                            "namespaces belong to this machine",
                            "leave container tools at home");
            case CHAR_DEVICE, BLOCK_DEVICE ->
                    f.add(
                            ObstacleCode.DEVICE,
                            f.owner(file),
                            "it has the device " + fd.target() + " open",
                            "the device is part of this machine",
                            "close it, or leave the program where the device is");
            case OTHER_ANON, UNKNOWN ->
                    unsupported(
                            f,
                            file,
                            ObstacleCode.UNSUPPORTED_FD,
                            "a kernel object of an unsupported kind (" + fd.target() + ")",
                            "leave the program at home");
            case FIFO ->
                    f.add(
                            ObstacleCode.FIFO,
                            f.owner(file),
                            "it has the FIFO " + fd.target() + " open",
                            "named pipes are not carried between nodes yet",
                            fd.target().contains("/GMfifo")
                                    ? "use 'make --jobserver-style=pipe'"
                                    : "use an ordinary pipe, or close it");
            case PTY_MASTER ->
                    f.add(
                            ObstacleCode.PTY_MASTER,
                            f.owner(file),
                            "it owns a pseudo terminal (" + fd.target() + ")",
                            "terminals of terminal programs (screen, tmux, script) are not carried yet",
                            "move a program that runs inside it instead");
            case TTY_CURRENT -> // tty_verify_ctty() of criu/tty.c wants the session's leader with
                    // it
                    f.add(
                            ObstacleCode.CURRENT_TTY,
                            f.owner(file),
                            "it has /dev/tty open",
                            "CRIU can checkpoint that only together with the shell that leads the session",
                            "let it open the terminal by its own name, which tty(1) prints");
            case EVENTFD, EPOLL, TIMERFD, SIGNALFD, PIDFD -> eventLike(f, file);
            case REGULAR, MEMFD, DIRECTORY, PIPE, TTY, MEMORY_DEVICE, SOCKET -> {
                // other rules
            }
        }
    }

    private static void unsupported(
            Findings f, OpenFile file, ObstacleCode code, String what, String remedy) {
        f.add(code, f.owner(file), "it has " + what + " open", NO_DUMP, remedy);
    }

    private static void eventLike(Findings f, OpenFile file) {
        String label = file.fd().kind().label();
        if (file.sharedOutside()) {
            f.add(
                    ObstacleCode.SHARED_EVENT,
                    f.owner(file),
                    "it shares an " + label + " with " + Findings.names(file.sharedWith()),
                    "events would be lost between two nodes",
                    "move the process that started both");
        }
        if (file.fd().kind() == FdKind.PIDFD) {
            String target = file.fd().info().details().getOrDefault("Pid", "-1").strip();
            boolean inside =
                    f.tree().processes().stream()
                            .anyMatch(p -> Integer.toString(p.pid()).equals(target));
            if (!inside) {
                f.add(
                        ObstacleCode.PIDFD_OUTSIDE,
                        f.owner(file),
                        target.equals("-1")
                                ? "it holds a process descriptor of a process that has ended"
                                : "it holds a process descriptor of pid "
                                        + target
                                        + ", which stays",
                        "a process descriptor is valid on one machine only",
                        "leave the program at home, or move the process that started both");
            }
        }
    }

    /** The ring's descriptor may be closed while the ring lives; its workers still show. */
    private static void uringThreads(Findings f, ProcessFacts p) {
        boolean named = p.fds().stream().anyMatch(fd -> fd.kind() == FdKind.IO_URING);
        for (ThreadFacts t : p.threads()) {
            if (t.comm().startsWith("iou-") && !named) {
                f.add(
                        ObstacleCode.IO_URING,
                        f.owner(p),
                        "it has an io_uring worker thread (" + t.comm() + ")",
                        NO_DUMP,
                        "make the program use epoll or plain I/O (many have an option or environment variable for it)");
                return;
            }
        }
    }
}
