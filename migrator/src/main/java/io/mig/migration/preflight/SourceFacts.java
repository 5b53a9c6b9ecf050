package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.MachineFacts;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.SysvFacts;
import io.mig.checkpoint.proc.TreeFacts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Everything that the source knows about the tree that shall move; read by {@link
 * SourceFactsReader}, never judged there.
 *
 * @param pid what was asked for (host pid)
 * @param tree empty when there is no such process
 * @param rootAncestors parents of the process up to pid 1
 * @param openFiles every open file description of the tree with its holders outside
 * @param socketHolders processes that hold the outside peer of a unix socket of the tree, by the
 *     peer's inode
 * @param sharedMappings processes outside that map the same memory shared, by the identity in the
 *     mapping
 * @param mappedFiles stat(2) of what is mapped, by the identity in the mapping
 * @param paths stat(2) of what each path that the tree refers to leads to now, seen from the tree's
 *     own root; missing when it leads nowhere
 * @param memorySharers pid of a member to a process whose memory it shares (vfork)
 * @param fdTableSharers pid of a member to a process outside whose descriptor table it shares
 * @param away pids that are deputies, to the node where the body is
 * @param names command names of processes outside that may have to be named
 */
public record SourceFacts(
        int pid,
        Optional<TreeFacts> tree,
        List<Integer> rootAncestors,
        AgentFacts agent,
        Optional<CapsuleContext> capsule,
        List<OpenFile> openFiles,
        Map<Long, List<Holder>> socketHolders,
        Map<FileId, Set<Integer>> sharedMappings,
        Map<FileId, FileStat> mappedFiles,
        Map<String, FileStat> paths,
        Map<Integer, Integer> memorySharers,
        Map<Integer, Integer> fdTableSharers,
        List<SysvFacts> messageQueues,
        Map<Integer, String> away,
        Map<Integer, String> names,
        MachineFacts machine,
        String criuVersion,
        String arch) {
    public SourceFacts {
        rootAncestors = List.copyOf(rootAncestors);
        openFiles = List.copyOf(openFiles);
        socketHolders = Map.copyOf(socketHolders);
        sharedMappings = Map.copyOf(sharedMappings);
        mappedFiles = Map.copyOf(mappedFiles);
        paths = Map.copyOf(paths);
        memorySharers = Map.copyOf(memorySharers);
        fdTableSharers = Map.copyOf(fdTableSharers);
        messageQueues = List.copyOf(messageQueues);
        away = Map.copyOf(away);
        names = Map.copyOf(names);
    }

    public SourceFacts withOpenFiles(List<OpenFile> files) {
        return with(tree, files);
    }

    /** The same with another tree and what that has open. */
    public SourceFacts with(TreeFacts other, List<OpenFile> open) {
        return with(Optional.of(other), open);
    }

    private SourceFacts with(Optional<TreeFacts> other, List<OpenFile> open) {
        return new SourceFacts(
                pid,
                other,
                rootAncestors,
                agent,
                capsule,
                open,
                socketHolders,
                sharedMappings,
                mappedFiles,
                paths,
                memorySharers,
                fdTableSharers,
                messageQueues,
                away,
                names,
                machine,
                criuVersion,
                arch);
    }
}
