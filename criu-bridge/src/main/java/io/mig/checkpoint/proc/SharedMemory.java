package io.mig.checkpoint.proc;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which processes outside a tree map the same memory shared: a System V segment, a memfd, a file
 * mapped for writing. Needs the mappings of every process of the machine (tens of microseconds
 * each), so it is asked only when the tree maps something shared.
 */
public final class SharedMemory {
    private final ProcFs proc;

    public SharedMemory(ProcFs proc) {
        this.proc = proc;
    }

    /**
     * Identities of memory that the tree maps shared and that somebody may write: a file that is
     * only read is no shared memory.
     */
    public static Set<FileId> sharedBy(TreeFacts tree) {
        Set<FileId> ids = new HashSet<>();
        for (ProcessFacts p : tree.processes()) {
            for (MappingFacts m : p.mappings()) {
                if (m.shared()
                        && m.backed()
                        && (m.writable() || m.deleted() || m.path().startsWith("/dev/shm/"))) {
                    ids.add(m.file());
                }
            }
        }
        return ids;
    }

    /**
     * Pids outside the tree that map any of these shared.
     *
     * @param files device and inode as {@link MappingFacts#file} has them
     */
    public Map<FileId, Set<Integer>> mappedOutside(TreeFacts tree, Set<FileId> files) {
        Map<FileId, Set<Integer>> found = new HashMap<>();
        if (files.isEmpty()) {
            return found;
        }
        Set<Integer> members = tree.pids();
        for (int pid : proc.pids()) {
            if (members.contains(pid)) {
                continue;
            }
            List<String> lines = proc.reader().lines(pid + "/maps");
            for (String line : lines) {
                // Cheap test before the parse: most lines are private.
                if (line.indexOf("s ") > 0) {
                    MappingFacts.parse(line)
                            .filter(m -> m.shared() && files.contains(m.file()))
                            .ifPresent(
                                    m ->
                                            found.computeIfAbsent(m.file(), k -> new TreeSet<>())
                                                    .add(pid));
                }
            }
        }
        // Children born during the pass belong to the tree, and who has ended shares nothing.
        Set<Integer> now = found.isEmpty() ? Set.of() : proc.members(tree.rootPid()).keySet();
        found.values()
                .forEach(pids -> pids.removeIf(p -> now.contains(p) || proc.stat(p).isEmpty()));
        found.values().removeIf(Set::isEmpty);
        return found;
    }
}
