package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.NamespaceKind;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The agent that asks, and what it takes for normal: its own surroundings are those of an ordinary
 * process of the node.
 *
 * @param ancestors the agent's parents up to pid 1
 * @param programFolders folders of the programs that belong to mig (deputy, capsule, criu);
 *     processes running one are no users' programs
 * @param helpers pids that belong to the agent and must not count as holders of anything
 */
public record AgentFacts(
        String node,
        int pid,
        List<Integer> ancestors,
        Map<NamespaceKind, Long> namespaces,
        FileId root,
        int seccompFilters,
        List<String> programFolders,
        Set<Integer> helpers) {
    public AgentFacts {
        ancestors = List.copyOf(ancestors);
        namespaces = Map.copyOf(namespaces);
        programFolders = List.copyOf(programFolders);
        helpers = Set.copyOf(helpers);
    }
}
