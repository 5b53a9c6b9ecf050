package io.mig.migration.preflight;

import io.mig.checkpoint.proc.AccessMode;
import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.LockFacts;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Files by name: can they be what they are on another node? */
final class FileRules {
    /** What a JVM shows to jps and jstat; nobody's data, and a JVM does well without it. */
    private static final Pattern JVM_COUNTERS = Pattern.compile("/tmp/hsperfdata_[^/]+/\\d+");

    private static final Pattern PROC_PID = Pattern.compile("/proc/(\\d+)(/.*)?");

    private FileRules() {}

    static void apply(Findings f) {
        for (OpenFile file : f.facts().openFiles()) {
            switch (file.fd().kind()) {
                case REGULAR -> regular(f, file);
                case MEMFD -> memoryFile(f, file);
                case DIRECTORY -> directory(f, file);
                case PIPE,
                        FIFO,
                        TTY,
                        PTY_MASTER,
                        TTY_CURRENT,
                        MEMORY_DEVICE,
                        CHAR_DEVICE,
                        BLOCK_DEVICE,
                        SOCKET,
                        EVENTFD,
                        EPOLL,
                        TIMERFD,
                        SIGNALFD,
                        PIDFD,
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
                        UNKNOWN -> {
                    // other rules
                }
            }
        }
        for (ProcessFacts p : f.tree().processes()) {
            if (!p.stat().zombie()) {
                workingDirectory(f, p);
                p.mappings().stream()
                        .filter(m -> FileNeeds.namesFile(f.facts(), m))
                        .distinct()
                        .forEach(m -> mapping(f, p, m));
            }
        }
    }

    /**
     * Files that the source may delete right before the dump, so that they travel as deleted files.
     */
    static boolean disposable(String path) {
        return JVM_COUNTERS.matcher(path).matches();
    }

    static boolean kernelFile(String path) {
        return PreflightPolicy.inside("/proc", path) || PreflightPolicy.inside("/sys", path);
    }

    private static void regular(Findings f, OpenFile file) {
        FdFacts fd = file.fd();
        String path = fd.target();
        if (disposable(path)) {
            return;
        }
        if (fd.deleted()) {
            deleted(f, file);
            return;
        }
        if (kernelFile(path)) {
            kernel(f, file);
            return;
        }
        if (unnameable(f, f.owner(file), path) || hidden(f, f.owner(file), path, fd.stat())) {
            return;
        }
        locks(f, file);
        if (file.sharedOutside() && fd.access() != AccessMode.PATH) {
            sharedOffset(f, file);
            return;
        }
        if (f.policy().sharedFolderOf(path).isPresent() || comesAlong(f, f.owner(file), path)) {
            return;
        }
        if (fd.access().writes()) {
            notShared(f, f.owner(file), "it has " + path + " open for writing");
            return;
        }
        List<Holder> writers =
                file.otherHolders().stream().filter(h -> h.access().writes()).toList();
        if (!writers.isEmpty()) {
            f.add(
                    ObstacleCode.WRITTEN_BY_OTHERS,
                    f.owner(file),
                    "it reads "
                            + path
                            + ", which "
                            + Findings.names(writers)
                            + " has open for writing",
                    "what is written at home would not be seen elsewhere",
                    "put the file into a folder that all nodes share" + folders(f));
        }
    }

    /** Home's files are where it goes; but what lies under /dev is each node's own. */
    private static boolean comesAlong(Findings f, String subject, String path) {
        if (!f.policy().filesComeAlong()) {
            return false;
        }
        if (PreflightPolicy.inside("/dev", path)) {
            f.add(
                    ObstacleCode.NOT_SHARED,
                    subject,
                    "it uses " + path,
                    "what lies under /dev is in the memory of this node and does not go along",
                    "let the program use a file elsewhere, or delete that one while it is open");
        }
        return true;
    }

    /** The description has one offset for all who hold it, so it must stay in one place. */
    private static void sharedOffset(Findings f, OpenFile file) {
        String path = file.fd().target();
        if (file.fd().access() != AccessMode.WRITE) {
            f.add(
                    ObstacleCode.SHARED_OFFSET,
                    f.owner(file),
                    "it reads "
                            + path
                            + " by an open file that it shares with "
                            + Findings.names(file.sharedWith()),
                    "both go on reading where the other one stopped, which works on one node only",
                    "let it open the file itself, or move the process that started both");
            return;
        }
        boolean mapped =
                f.tree().processes().stream()
                        .anyMatch(
                                p ->
                                        p.mappings().stream()
                                                .anyMatch(
                                                        m -> m.path().equals(path) && m.backed()));
        boolean twice =
                f.facts().openFiles().stream()
                        .anyMatch(
                                o ->
                                        !o.equals(file)
                                                && o.fd().kind() == FdKind.REGULAR
                                                && o.fd().target().equals(path));
        if (mapped || twice) {
            f.add(
                    ObstacleCode.AMBIGUOUS_FILE,
                    f.owner(file),
                    "it writes to "
                            + path
                            + " by an open file shared with "
                            + Findings.names(file.sharedWith())
                            + " and has the same file "
                            + (mapped ? "mapped" : "open a second time"),
                    "one would stay at home and the other not, and they cannot be told apart by name",
                    "let it open the file once only");
        }
    }

    private static void kernel(Findings f, OpenFile file) {
        String path = file.fd().target();
        if (file.fd().access().writes()) {
            f.add(
                    ObstacleCode.PROC_FILE,
                    f.owner(file),
                    "it has " + path + " open for writing",
                    "it is a control of this machine's kernel",
                    "close it first");
            return;
        }
        Matcher pid = PROC_PID.matcher(path);
        if (pid.matches()
                && f.tree().processes().stream()
                        .noneMatch(p -> Integer.toString(f.userPid(p)).equals(pid.group(1)))) {
            f.addPassing(
                    ObstacleCode.PROC_FILE,
                    f.owner(file),
                    "it has " + path + " open",
                    "it tells about a process of this node that stays",
                    "close it first");
        }
    }

    private static void deleted(Findings f, OpenFile file) {
        FdFacts fd = file.fd();
        if (fd.stat().nlink() > 0) {
            renamedAway(f, f.owner(file), fd.target());
        } else if (!file.holders().isEmpty()) {
            f.add(
                    ObstacleCode.DELETED_SHARED,
                    f.owner(file),
                    "it has the deleted file "
                            + fd.target()
                            + " open together with "
                            + Findings.names(file.holders()),
                    "a deleted file can be reached on this machine only",
                    "move the process that started both, or let it reopen the file");
        } else if (fd.stat().size() > f.policy().ghostLimitBytes()) {
            deletedLarge(f, f.owner(file), fd.target(), fd.stat().size());
        }
    }

    private static void renamedAway(Findings f, String subject, String path) {
        f.add(
                ObstacleCode.RENAMED_AWAY,
                subject,
                "the name " + path + " of its open file is gone while other names of it remain",
                "the file cannot be found by name on the target",
                "restart the program, so that it opens the present file");
    }

    private static void deletedLarge(Findings f, String subject, String path, long size) {
        f.add(
                ObstacleCode.DELETED_FILE,
                subject,
                "it uses the deleted file " + path + " of " + bytes(size),
                "deleted files have to travel along, and "
                        + bytes(f.policy().ghostLimitBytes())
                        + " is the limit",
                "restart the program if it was upgraded, or raise the limit (ghost limit) in the agent's configuration");
    }

    static void deletedMapping(
            Findings f, ProcessFacts p, MappingFacts m, Optional<FileStat> stat) {
        if (disposable(m.path())) {
            return;
        }
        String subject = "mapping of " + f.owner(p);
        if (stat.isPresent() && stat.get().nlink() > 0) {
            renamedAway(f, subject, m.path());
        } else if (stat.isPresent() && stat.get().size() > f.policy().ghostLimitBytes()) {
            deletedLarge(f, subject, m.path(), stat.get().size());
        }
    }

    private static void memoryFile(Findings f, OpenFile file) {
        if (!file.holders().isEmpty()) {
            f.add(
                    ObstacleCode.SHARED_MEMORY,
                    f.owner(file),
                    "it shares the memory file "
                            + file.fd().target()
                            + " with "
                            + Findings.names(file.holders()),
                    "memory cannot be shared between nodes",
                    "move the process that started all of them");
        }
    }

    private static void directory(Findings f, OpenFile file) {
        FdFacts fd = file.fd();
        if (fd.deleted()) {
            deletedDirectory(f, f.owner(file), fd.target());
        } else if (!unnameable(f, f.owner(file), fd.target()) && !kernelFile(fd.target())) {
            hidden(f, f.owner(file), fd.target(), fd.stat());
        }
        if (!fd.info().locks().isEmpty()) {
            locks(f, file);
        }
    }

    private static void deletedDirectory(Findings f, String subject, String path) {
        f.add(
                ObstacleCode.DELETED_FILE,
                subject,
                "the folder " + path + " was deleted",
                "it cannot be found by name on the target",
                "let the program change to an existing folder");
    }

    private static void workingDirectory(Findings f, ProcessFacts p) {
        String subject = "working directory of " + f.owner(p);
        if (p.cwd().path().isEmpty()) {
            return;
        }
        if (p.cwd().deleted()) {
            deletedDirectory(f, subject, p.cwd().path());
        } else if (!unnameable(f, subject, p.cwd().path()) && !kernelFile(p.cwd().path())) {
            p.cwd().stat().ifPresent(s -> hidden(f, subject, p.cwd().path(), s));
        }
    }

    private static void mapping(Findings f, ProcessFacts p, MappingFacts m) {
        String subject = "mapping of " + f.owner(p);
        if (disposable(m.path()) || unnameable(f, subject, m.path())) {
            return;
        }
        FileStat stat = f.facts().mappedFiles().get(m.file());
        if (stat != null && hidden(f, subject, m.path(), stat)) {
            return;
        }
        if (comesAlong(f, subject, m.path())) {
            return;
        }
        if (m.shared() && m.writable() && f.policy().sharedFolderOf(m.path()).isEmpty()) {
            notShared(f, subject, "it has " + m.path() + " mapped for shared writing");
        }
    }

    private static void notShared(Findings f, String subject, String what) {
        f.add(
                ObstacleCode.NOT_SHARED,
                subject,
                what,
                "that file is on this node only, so what it writes elsewhere would never arrive in it",
                "put the file into a folder that all nodes share" + folders(f));
    }

    private static String folders(Findings f) {
        return f.policy().shared().isEmpty()
                ? " (none is declared in the agent's configuration)"
                : " (" + String.join(", ", f.policy().shared()) + ")";
    }

    /** The name must lead to the very file that is open, or the target would open another one. */
    private static boolean hidden(Findings f, String subject, String path, FileStat open) {
        FileStat named = f.facts().paths().get(path);
        if (named != null && named.id().equals(open.id())) {
            return false;
        }
        // gone or replaced a moment ago, as a look at a running program may find it
        boolean passing =
                f.policy().filesComeAlong() || f.policy().sharedFolderOf(path).isPresent();
        f.addObstacle(
                ObstacleCode.HIDDEN_FILE,
                subject,
                named == null
                        ? "its file " + path + " cannot be found by that name"
                        : "the name " + path + " leads to another file than the one it uses",
                "it was replaced, or a mount hides it, so the target cannot open it by name",
                "restart the program, so that it opens the present file",
                passing);
        return true;
    }

    private static boolean unnameable(Findings f, String subject, String path) {
        if (path.indexOf('\uFFFD') < 0) {
            return false;
        }
        f.add(
                ObstacleCode.PATH_NAME,
                subject,
                "the name of its file " + path + " is not valid UTF-8",
                "it cannot be told to the target",
                "rename the file, or run the agent with LANG=C.UTF-8 if the name is");
        return true;
    }

    private static void locks(Findings f, OpenFile file) {
        for (LockFacts lock : file.fd().info().locks()) {
            if (lock.lease()) {
                f.add(
                        ObstacleCode.LEASE,
                        f.owner(file),
                        "it holds a lease on " + file.fd().target(),
                        "the kernel would tell it about openers at home only",
                        "leave file servers at home");
            } else if (!lock.waiting()) {
                String kind = lock.type().equals("OFDLCK") ? "open file description" : lock.type();
                boolean flock = lock.type().equals("FLOCK");
                f.addObstacle(
                        ObstacleCode.FILE_LOCK,
                        f.owner(file),
                        "it holds a lock ("
                                + kind.toLowerCase(Locale.ROOT)
                                + ", "
                                + lock.access().toLowerCase(Locale.ROOT)
                                + ") on "
                                + file.fd().target(),
                        "other processes rely on it here, and it would have to be let go for a moment",
                        flock
                                ? "wait until it is released"
                                : "try again in a moment, most locks are held briefly",
                        !flock);
                return;
            }
        }
    }

    static String bytes(long n) {
        return n >= 1 << 30
                ? String.format(Locale.ROOT, "%.1f GiB", n / (double) (1 << 30))
                : n >= 1 << 20
                        ? String.format(Locale.ROOT, "%.1f MiB", n / (double) (1 << 20))
                        : n >= 1 << 10
                                ? String.format(Locale.ROOT, "%.1f KiB", n / 1024.0)
                                : n + " bytes";
    }
}
