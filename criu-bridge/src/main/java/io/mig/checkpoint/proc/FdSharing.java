package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who else has what a tree has open. One pass over the descriptors of all processes; only those
 * that lead to something of the tree are looked at closely.
 *
 * <pre>
 *   pipes, sockets      recognised by the inode number in the text of the link (one readlink each)
 *   files, terminals    by device and inode (one more stat)
 *   eventfd and others  all have one inode: by the text of the link, then kcmp
 *   same description?   kcmp, only between candidates
 * </pre>
 */
public final class FdSharing {
    private final ProcFs proc;
    private final KernelObjects objects;

    public FdSharing(ProcFs proc, KernelObjects objects) {
        this.proc = proc;
        this.objects = objects;
    }

    /** What a descriptor leads to, in a form that can be compared across processes. */
    private sealed interface Key {
        /**
         * Text of the link: pipes and sockets with their inode, anonymous objects with their kind
         * only.
         */
        record Named(String target) implements Key {}

        record Inode(FileId id) implements Key {}
    }

    private record Candidate(FdRef ref, FdFacts facts) {}

    /**
     * All open files of a tree with their holders outside it. Descriptors that cannot be shared in
     * a way that matters (memory devices) are left out; sockets are listed like pipes.
     *
     * @param invisible pids outside the tree that do not count as holders (the reader's own
     *     helpers)
     */
    public List<OpenFile> of(TreeFacts tree, Set<Integer> invisible) {
        Map<Key, List<Candidate>> inside = new LinkedHashMap<>();
        for (ProcessFacts p : tree.processes()) {
            for (FdFacts f : p.fds()) {
                if (f.kind() != FdKind.MEMORY_DEVICE) {
                    inside.computeIfAbsent(key(f.target(), f.stat()), k -> new ArrayList<>())
                            .add(new Candidate(new FdRef(p.pid(), f.number()), f));
                }
            }
        }
        Map<Key, List<Holder>> outside = holders(tree, inside.keySet(), invisible);
        List<OpenFile> files = new ArrayList<>();
        inside.forEach(
                (key, candidates) -> {
                    List<Holder> holders = outside.getOrDefault(key, List.of());
                    for (List<Candidate> group : byDescription(candidates)) {
                        files.add(openFile(group, holders));
                    }
                });
        return files;
    }

    private static Key key(String target, FileStat stat) {
        return target.startsWith("/") ? new Key.Inode(stat.id()) : new Key.Named(target);
    }

    private List<List<Candidate>> byDescription(List<Candidate> candidates) {
        List<List<Candidate>> groups = new ArrayList<>();
        for (Candidate c : candidates) {
            Optional<List<Candidate>> known =
                    groups.stream()
                            .filter(g -> same(g.getFirst().ref(), c.ref().pid(), c.ref().fd()))
                            .findFirst();
            if (known.isPresent()) {
                known.get().add(c);
            } else {
                groups.add(new ArrayList<>(List.of(c)));
            }
        }
        return groups;
    }

    private OpenFile openFile(List<Candidate> group, List<Holder> holders) {
        List<Holder> shared = new ArrayList<>();
        List<Holder> others = new ArrayList<>();
        for (Holder h : holders) {
            (same(group.getFirst().ref(), h.pid(), h.fd()) ? shared : others).add(h);
        }
        FdFacts facts = group.getFirst().facts();
        // Other epolls of other programs have nothing to do with ours.
        boolean ownObject = facts.target().startsWith("anon_inode:");
        return new OpenFile(
                facts,
                group.stream().map(Candidate::ref).sorted().toList(),
                shared,
                ownObject ? List.of() : others);
    }

    private boolean same(FdRef ours, int pid, int fd) {
        return (ours.pid() == pid && ours.fd() == fd)
                || objects.sameFile(ours.pid(), ours.fd(), pid, fd);
    }

    private Map<Key, List<Holder>> holders(
            TreeFacts tree, Set<Key> wanted, Set<Integer> invisible) {
        Set<String> names = new HashSet<>();
        boolean inodes = false;
        for (Key key : wanted) {
            switch (key) {
                case Key.Named(String target) -> names.add(target);
                case Key.Inode ignored -> inodes = true;
            }
        }
        Set<Integer> members = tree.pids();
        Map<Key, List<Holder>> found = new HashMap<>();
        ProcReader reader = proc.reader();
        for (int pid : proc.pids()) {
            if (members.contains(pid) || invisible.contains(pid)) {
                continue;
            }
            for (int fd : reader.numbers(pid + "/fd")) {
                String name = pid + "/fd/" + fd;
                Optional<String> target = reader.link(name);
                if (target.isEmpty()) {
                    continue;
                }
                String text = target.get();
                Key key = null;
                if (!text.startsWith("/")) {
                    key = names.contains(text) ? new Key.Named(text) : null;
                } else if (inodes && !text.equals("/dev/null")) {
                    Optional<FileStat> stat = reader.stat(name);
                    key = stat.isPresent() ? new Key.Inode(stat.get().id()) : null;
                }
                if (key != null && wanted.contains(key)) {
                    found.computeIfAbsent(key, k -> new ArrayList<>()).add(holder(pid, fd));
                }
            }
        }
        Set<Integer> now = found.isEmpty() ? Set.of() : proc.members(tree.rootPid()).keySet();
        found.replaceAll((key, holders) -> strangers(now, holders));
        return found;
    }

    /**
     * A tree that forks during the pass shows its newborn children as holders: they belong to it,
     * or have ended already.
     */
    private List<Holder> strangers(Set<Integer> now, List<Holder> holders) {
        return holders.stream()
                .filter(h -> !now.contains(h.pid()))
                .filter(h -> proc.stat(h.pid()).filter(s -> !s.zombie()).isPresent())
                .toList();
    }

    /** Processes outside a tree that hold sockets, by inode. */
    public Map<Long, List<Holder>> socketHolders(TreeFacts tree, Set<Long> inodes) {
        Set<Key> wanted = new HashSet<>();
        inodes.forEach(ino -> wanted.add(new Key.Named("socket:[" + ino + "]")));
        Map<Key, List<Holder>> found = holders(tree, wanted, Set.of());
        Map<Long, List<Holder>> byInode = new HashMap<>();
        for (long ino : inodes) {
            List<Holder> holders = found.get(new Key.Named("socket:[" + ino + "]"));
            if (holders != null) {
                byInode.put(ino, holders);
            }
        }
        return byInode;
    }

    private Holder holder(int pid, int fd) {
        int flags =
                proc.reader()
                        .text(pid + "/fdinfo/" + fd)
                        .map(text -> FdInfo.parse(text).flags())
                        // It was there a moment ago; when in doubt it reads and writes.
                        .orElse(2);
        String comm = proc.stat(pid).map(ProcStat::comm).orElse("?");
        return new Holder(pid, comm, fd, flags);
    }
}
