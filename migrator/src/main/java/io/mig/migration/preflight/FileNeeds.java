package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdFacts;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.MappingFacts;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.migration.preflight.FileNeed.Access;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which files the target must have for a tree to run there. */
public final class FileNeeds {
    private record Key(String path, Access access) {}

    private FileNeeds() {}

    /**
     * One need per path and kind of access. Files whose open description stays at home and deleted
     * files are not among them.
     */
    public static List<FileNeed> of(SourceFacts facts, PreflightPolicy policy) {
        if (facts.tree().isEmpty()) {
            return List.of();
        }
        Findings names = new Findings(facts, facts.tree().get(), policy);
        Map<Key, FileNeed> needs = new LinkedHashMap<>();
        for (ProcessFacts p : facts.tree().get().processes()) {
            if (!p.exe().deleted() && !p.exe().path().isEmpty()) {
                add(
                        needs,
                        policy,
                        p.exe().path(),
                        Access.READ,
                        "program of " + names.owner(p),
                        p.exe().stat());
            }
            if (!p.cwd().deleted() && !p.cwd().path().isEmpty()) {
                add(
                        needs,
                        policy,
                        p.cwd().path(),
                        Access.FOLDER,
                        "working directory of " + names.owner(p),
                        p.cwd().stat());
            }
        }
        for (OpenFile file : facts.openFiles()) {
            access(file)
                    .ifPresent(
                            a ->
                                    add(
                                            needs,
                                            policy,
                                            file.fd().target(),
                                            a,
                                            names.owner(file),
                                            Optional.of(file.fd().stat())));
        }
        for (ProcessFacts p : facts.tree().get().processes()) {
            for (MappingFacts m : p.mappings()) {
                if (namesFile(facts, m) && !FileRules.disposable(m.path())) {
                    add(
                            needs,
                            policy,
                            m.path(),
                            m.shared() && m.writable() ? Access.WRITE : Access.READ,
                            "mapping of " + names.owner(p),
                            Optional.ofNullable(facts.mappedFiles().get(m.file()))
                                    .or(() -> Optional.ofNullable(facts.paths().get(m.path()))));
                }
            }
        }
        return new ArrayList<>(needs.values());
    }

    /**
     * Declared shared folders in which the tree uses something: those that a probe has to prove.
     */
    public static Set<String> sharedFolders(SourceFacts facts, PreflightPolicy policy) {
        Set<String> folders = new LinkedHashSet<>();
        for (FileNeed need : of(facts, policy)) {
            policy.sharedFolderOf(need.path()).ifPresent(folders::add);
        }
        return folders;
    }

    /** Paths whose stat(2) the rules want to compare with what is open. */
    static Set<String> paths(TreeFacts tree, List<OpenFile> openFiles) {
        Set<String> paths = new LinkedHashSet<>();
        for (OpenFile file : openFiles) {
            if (file.fd().target().startsWith("/") && !file.fd().deleted()) {
                paths.add(file.fd().target());
            }
        }
        for (ProcessFacts p : tree.processes()) {
            if (!p.cwd().path().isEmpty() && !p.cwd().deleted()) {
                paths.add(p.cwd().path());
            }
            for (MappingFacts m : p.mappings()) {
                if (m.backed() && m.path().startsWith("/") && !m.deleted()) {
                    paths.add(m.path());
                }
            }
        }
        return paths;
    }

    /**
     * A mapping of a file that can be opened by name: no device, no deleted file, no kernel object.
     */
    static boolean namesFile(SourceFacts facts, MappingFacts m) {
        if (!m.backed()
                || m.deleted()
                || !m.path().startsWith("/")
                || m.path().startsWith("/SYSV")) {
            return false;
        }
        FileStat stat = facts.mappedFiles().get(m.file());
        return stat == null
                ? !m.path().startsWith("/dev/") || m.path().startsWith("/dev/shm/")
                : stat.isRegular();
    }

    private static Optional<Access> access(OpenFile file) {
        FdFacts fd = file.fd();
        if (fd.deleted() || fd.target().indexOf('\uFFFD') >= 0) {
            return Optional.empty();
        }
        return switch (fd.kind()) {
            case REGULAR -> {
                if (FileRules.disposable(fd.target())
                        || (file.sharedOutside() && fd.access().writes())) {
                    yield Optional.empty();
                }
                yield Optional.of(fd.access().writes() ? Access.WRITE : Access.READ);
            }
            case DIRECTORY -> Optional.of(Access.FOLDER);
            case MEMFD,
                    PIPE,
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
                    UNKNOWN ->
                    Optional.empty();
        };
    }

    private static void add(
            Map<Key, FileNeed> needs,
            PreflightPolicy policy,
            String path,
            Access access,
            String subject,
            Optional<FileStat> stat) {
        if (stat.isEmpty() || !path.startsWith("/") || path.indexOf('\uFFFD') >= 0) {
            return;
        }
        Access kind = FileRules.kernelFile(path) ? Access.KERNEL : access;
        boolean shared = policy.sharedFolderOf(path).isPresent();
        FileStat s = stat.get();
        // The size of a file that others can write to at any moment proves nothing.
        long size = kind == Access.READ && !shared ? s.size() : -1;
        needs.putIfAbsent(
                new Key(path, kind),
                new FileNeed(
                        path,
                        kind,
                        subject,
                        shared,
                        size,
                        s.mtimeNanos(),
                        s.mode(),
                        s.uid(),
                        s.gid(),
                        s.dev(),
                        s.ino()));
    }
}
