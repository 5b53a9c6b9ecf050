package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FileRef;
import io.mig.checkpoint.proc.ProcessFacts;

/**
 * Who is it? Rules that end the examination when one applies: for the rest of the facts it would
 * make no sense, or the caller must not learn them.
 */
final class IdentityRules {
    private IdentityRules() {}

    /** Whether an obstacle was found that ends the examination. */
    static boolean apply(Findings f) {
        ProcessFacts root = f.tree().root();
        String who = f.owner(root);
        AgentFacts agent = f.facts().agent();
        if (root.stat().kernelThread()) {
            f.add(
                    ObstacleCode.KERNEL_THREAD,
                    who,
                    "it is a thread of the kernel",
                    "it has no program and belongs to this machine",
                    "choose a process of a user");
            return true;
        }
        if (root.pid() == 1) {
            f.add(
                    ObstacleCode.INIT,
                    who,
                    "it is the first process of the node",
                    "the node lives and ends with it",
                    "choose a process of a user");
            return true;
        }
        // Before anything that tells about the process: a user learns nothing about others'
        // processes.
        if (otherUser(f, root)) {
            return true;
        }
        if (root.pid() == agent.pid()) {
            f.add(
                    ObstacleCode.AGENT,
                    who,
                    "it is the agent of this node",
                    "it does the moving and cannot move itself",
                    "choose another process");
            return true;
        }
        if (f.facts().rootAncestors().contains(agent.pid())) {
            f.add(
                    ObstacleCode.AGENT,
                    who,
                    "it was started by the agent of this node (pid " + agent.pid() + ")",
                    "it is one of the agent's own helpers",
                    "choose a process of a user");
            return true;
        }
        String away = f.facts().away().get(root.pid());
        if (away != null) {
            f.add(
                    ObstacleCode.DEPUTY,
                    who,
                    "it already runs on node " + away,
                    "here is only its deputy",
                    "use 'mig migrate' to send it on from "
                            + away
                            + ", or 'mig home "
                            + f.userPid(root)
                            + "' to bring it back");
            return true;
        }
        if (own(agent, root.exe())) {
            f.add(
                    ObstacleCode.MIG_PROCESS,
                    who,
                    "it is a part of mig (" + root.exe().path() + ")",
                    "other processes are moved and kept by it",
                    "choose a process of a user");
            return true;
        }
        if (root.stat().zombie()) {
            zombie(f, root);
            return true;
        }
        if (agent.ancestors().contains(root.pid())) {
            f.add(
                    ObstacleCode.AGENT,
                    who,
                    "the agent of this node (pid " + agent.pid() + ") is a descendant of it",
                    "the whole tree would move, the agent with it",
                    "choose a process that did not start the agent");
            return true;
        }
        return false;
    }

    private static void zombie(Findings f, ProcessFacts root) {
        String who = f.owner(root);
        if (root.threads().size() > 1) {
            f.add(
                    ObstacleCode.DEAD_LEADER,
                    who,
                    "its first thread has ended while others run on",
                    "CRIU cannot dump a process without its first thread",
                    "let its other threads finish at home");
        } else {
            f.add(
                    ObstacleCode.ZOMBIE,
                    who,
                    "it is a zombie",
                    "it has ended, only its exit status waits to be read by its parent, pid "
                            + root.ppid(),
                    "nothing is left to move; when zombies stay for long, its parent is at fault");
        }
    }

    /** Everything in the tree must belong to the caller, and act with no rights but his. */
    private static boolean otherUser(Findings f, ProcessFacts root) {
        int caller = f.policy().callerUid();
        if (caller == 0) {
            return false;
        }
        if (!root.status().uids().allAre(caller)) {
            boolean setuid = root.status().uids().real() == caller;
            f.add(
                    ObstacleCode.OTHER_USER,
                    "pid " + f.userPid(root),
                    setuid ? "it runs with another user's rights" : "it belongs to another user",
                    "users move their own processes only (you are uid " + caller + ")",
                    "ask root to move it");
            return true;
        }
        for (ProcessFacts p : f.tree().processes()) {
            if (!p.status().uids().allAre(caller)) {
                f.add(
                        ObstacleCode.OTHER_USER,
                        "pid " + f.userPid(p),
                        "this descendant has another user's rights",
                        "a process moves with all its descendants, and users move their own only (you are uid "
                                + caller
                                + ")",
                        "wait until it has ended, or ask root to move them");
                return true;
            }
        }
        return false;
    }

    static boolean own(AgentFacts agent, FileRef exe) {
        return agent.programFolders().stream()
                .anyMatch(folder -> PreflightPolicy.inside(folder, exe.path()));
    }
}
