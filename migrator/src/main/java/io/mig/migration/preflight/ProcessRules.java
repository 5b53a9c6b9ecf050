package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileId;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.NamespaceKind;
import io.mig.checkpoint.proc.ProcSample;
import io.mig.checkpoint.proc.ProcessFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** State and surroundings of each process of the tree. */
final class ProcessRules {
    private ProcessRules() {}

    static void apply(Findings f) {
        Set<Integer> members = f.tree().pids();
        for (ProcessFacts p : f.tree().processes()) {
            if (p.pid() != f.tree().rootPid()) {
                descendant(f, p);
            }
            if (p.stat().zombie()) {
                continue;
            }
            state(f, p);
            surroundings(f, p);
            session(f, p, members);
        }
        if (!f.tree().stable()) {
            f.addPassing(
                    ObstacleCode.TREE_UNSTABLE,
                    f.owner(f.tree().root()),
                    "its descendants change faster than they can be looked at",
                    "what cannot be seen cannot be checked",
                    "try again when it starts fewer processes");
        }
        orphans(f);
    }

    private static void descendant(Findings f, ProcessFacts p) {
        AgentFacts agent = f.facts().agent();
        String away = f.facts().away().get(p.pid());
        if (away != null) {
            f.add(
                    ObstacleCode.DEPUTY,
                    f.owner(p),
                    "this descendant already runs on node " + away,
                    "a tree moves as a whole, and here is only its deputy",
                    "bring it back first: mig home " + f.userPid(p));
        } else if (IdentityRules.own(agent, p.exe())) {
            f.add(
                    ObstacleCode.MIG_PROCESS,
                    f.owner(p),
                    "this descendant is a part of mig (" + p.exe().path() + ")",
                    "it serves this node",
                    "choose a process that did not start it");
        } else if (p.pid() == f.policy().callerPid()) {
            f.add(
                    ObstacleCode.CALLER_IN_TREE,
                    f.owner(p),
                    "this descendant is the very command that asks",
                    "it would have to move itself",
                    "ask from another shell");
        } else if (p.stat().zombie() && p.threads().size() > 1) {
            f.add(
                    ObstacleCode.DEAD_LEADER,
                    f.owner(p),
                    "its first thread has ended while others run on",
                    "CRIU cannot dump a process without its first thread",
                    "let its other threads finish at home");
        } else if (p.stat().zombie() && !f.policy().zombiesInTree()) {
            f.addPassing(
                    ObstacleCode.ZOMBIE_IN_TREE,
                    f.owner(p),
                    "this descendant has ended and its parent, pid "
                            + p.ppid()
                            + ", has not read its exit status yet",
                    "nothing of it is left that could become its deputy",
                    "try again in a moment; if it stays, its parent never waits for its children");
        }
    }

    private static void state(Findings f, ProcessFacts p) {
        if (p.status().tracerPid() > 0 || p.stat().state() == 't') {
            int tracer = p.status().tracerPid();
            f.add(
                    ObstacleCode.PTRACED,
                    f.owner(p),
                    "it is being traced" + (tracer > 0 ? " by " + f.outsider(tracer) : ""),
                    "only one tracer is possible, and checkpointing needs to be it",
                    "end the debugger or strace" + (tracer > 0 ? " (pid " + tracer + ")" : ""));
        }
        if (p.bits() == 32) {
            f.add(
                    ObstacleCode.WORD_SIZE,
                    f.owner(p),
                    "it is a 32-bit program",
                    "only 64-bit programs are supported",
                    "use a 64-bit build of it");
        }
        if (p.status().uids().effective() == 0 && !f.policy().rootProcesses()) {
            f.add(
                    ObstacleCode.ROOT_PROCESS,
                    f.owner(p),
                    "it has root's rights",
                    "the configuration of this cluster keeps root's processes where they are",
                    "run it as a user, or allow it in the agent's configuration (move root = true)");
        }
        if (p.status().seccompMode() == 1
                || p.status().seccompFilters() > f.facts().agent().seccompFilters()) {
            f.add(
                    ObstacleCode.SECCOMP,
                    f.owner(p),
                    "it has restricted its own system calls (seccomp)",
                    "its deputy would be bound by the same filter and be killed by it",
                    "start it without its sandbox, if it has an option for that");
        }
        Integer memory = f.facts().memorySharers().get(p.pid());
        if (memory != null) {
            f.addPassing(
                    ObstacleCode.SHARED_MEMORY_SPACE,
                    f.owner(p),
                    "it runs in the memory of " + f.outsider(memory) + " (vfork)",
                    "it cannot be taken out before it executes its own program",
                    "try again in a moment");
        }
        Integer table = f.facts().fdTableSharers().get(p.pid());
        if (table != null) {
            f.add(
                    ObstacleCode.SHARED_FD_TABLE,
                    f.owner(p),
                    "it shares one table of descriptors with " + f.outsider(table),
                    "what one opens the other would have to see across nodes",
                    "move the process that started both");
        }
    }

    private static void surroundings(Findings f, ProcessFacts p) {
        AgentFacts agent = f.facts().agent();
        Map<NamespaceKind, Long> normal =
                f.facts().capsule().map(CapsuleContext::namespaces).orElse(agent.namespaces());
        List<String> different = new ArrayList<>();
        for (NamespaceKind kind : NamespaceKind.values()) {
            Long here = p.namespaces().get(kind);
            Long expected = normal.get(kind);
            // CRIU gives each restored tree a time namespace, so that its monotonic clock goes on
            boolean ownClock = kind == NamespaceKind.TIME && f.facts().capsule().isPresent();
            if (here != null && expected != null && !here.equals(expected) && !ownClock) {
                different.add(kind.label());
            }
        }
        if (!different.isEmpty()) {
            f.add(
                    ObstacleCode.NAMESPACE,
                    f.owner(p),
                    "it has namespaces of its own (" + String.join(", ", different) + ")",
                    "it belongs to a container or sandbox, which is more than a process",
                    "move programs outside containers, or use the container's own tools");
        }
        FileId normalRoot = f.facts().capsule().map(CapsuleContext::root).orElse(agent.root());
        FileId root = p.root().stat().map(FileStat::id).orElse(normalRoot);
        // In another mount namespace the root differs anyway; one line for one cause.
        if (!root.equals(normalRoot) && !different.contains(NamespaceKind.MNT.label())) {
            f.add(
                    ObstacleCode.CHROOT,
                    f.owner(p),
                    "its root directory is " + p.root().path() + " (chroot)",
                    "its file names mean other files than those of the target",
                    "run it without chroot");
        }
    }

    private static void session(Findings f, ProcessFacts p, Set<Integer> members) {
        ProcessFacts root = f.tree().root();
        if (p.pid() == root.pid() && p.sessionLeader() && p.stat().ttyNr() != 0) {
            f.add(
                    ObstacleCode.SESSION_LEADER,
                    f.owner(p),
                    "it leads the session of its terminal, as a login shell does",
                    "the terminal and every other job of the session hang on it",
                    "move the programs it has started instead");
        }
        if (p.pid() != root.pid()
                && p.stat().sid() != root.stat().sid()
                && !members.contains(p.stat().sid())) {
            f.add(
                    ObstacleCode.FOREIGN_SESSION,
                    f.owner(p),
                    "it is in session "
                            + p.stat().sid()
                            + ", whose leader is not among the processes that would move",
                    "a session cannot be in two places",
                    "wait until it has ended, or move it by itself first");
        }
    }

    private static void orphans(Findings f) {
        List<ProcSample> others = f.facts().capsule().map(CapsuleContext::others).orElse(List.of());
        for (ProcSample o : others) {
            f.add(
                    ObstacleCode.ORPHAN_IN_CAPSULE,
                    f.outsider(o.pid()),
                    o.comm()
                            + " was started by "
                            + f.owner(f.tree().root())
                            + " and has left its tree",
                    "it would be left behind on "
                            + f.facts().agent().node()
                            + " without its surroundings",
                    "wait until it has ended, or end it");
        }
    }
}
