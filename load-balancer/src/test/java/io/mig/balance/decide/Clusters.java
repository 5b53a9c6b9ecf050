package io.mig.balance.decide;

import io.mig.balance.policy.Automation;
import io.mig.balance.policy.BalanceRules;
import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyFile;
import io.mig.balance.policy.Spread;
import io.mig.balance.view.Announced;
import io.mig.balance.view.ClusterView;
import io.mig.balance.view.Doors;
import io.mig.balance.view.Features;
import io.mig.balance.view.Link;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeStatus;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.Partner;
import io.mig.balance.view.PastMove;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Clusters for tests: plain ones built by hand, and random ones of every kind. */
final class Clusters {
    static final long GIB = 1L << 30;
    static final NodeId A = new NodeId("a");
    static final NodeId B = new NodeId("b");
    static final NodeId C = new NodeId("c");

    private Clusters() {}

    static Policy eager() {
        return Policy.USUAL.withBalance(hold(Duration.ZERO));
    }

    static BalanceRules hold(Duration hold) {
        BalanceRules u = BalanceRules.USUAL;
        return new BalanceRules(
                u.spread(),
                hold,
                u.minimumImprovement(),
                u.minimumResidency(),
                u.noReturn(),
                u.movesAtOnce(),
                u.factHalfLife(),
                u.maxFactAge(),
                u.packFloor(),
                u.packCeiling());
    }

    /** One processor, 8 GiB, nothing else special. */
    static NodeView node(NodeId id, double runnable) {
        return node(id, 1, 1, runnable, Doors.OPEN);
    }

    static NodeView node(NodeId id, double cores, double speed, double runnable, Doors doors) {
        return NodeView.of(
                new NodeFacts(
                        id,
                        new NodeCapacity(cores, speed, 8 * GIB),
                        new NodeUse(runnable, 6 * GIB, Psi.NONE, 0),
                        doors),
                0);
    }

    /** Computes in one thread, 100 MB, has had a minute. */
    static ProcessView process(NodeId home, NodeId host, int pid) {
        return ProcessView.of(
                new HomePid(home, pid, 1),
                host,
                "work",
                "anna",
                new Usage(1, 100_000_000, 0, 0, 60),
                60_000);
    }

    static ClusterView view(List<ProcessView> processes, NodeView... nodes) {
        Map<NodeId, NodeView> map = new TreeMap<>();
        for (NodeView node : nodes) {
            map.put(node.node(), node);
        }
        return new ClusterView(A, 1_000_000, map, processes);
    }

    static ClusterView random(SplittableRandom r) {
        int count = r.nextInt(1, r.nextInt(10) == 0 ? 120 : 12);
        List<NodeId> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(new NodeId("n" + i));
        }
        NodeId self = ids.get(r.nextInt(count));
        Map<NodeId, NodeView> nodes = new TreeMap<>();
        for (NodeId id : ids) {
            nodes.put(id, randomNode(r, id, id.equals(self)));
        }
        List<ProcessView> processes = new ArrayList<>();
        int hosted = r.nextInt(0, 9);
        for (int i = 0; i < hosted; i++) {
            processes.add(randomProcess(r, ids, self, i + 1));
        }
        return new ClusterView(
                self,
                r.nextLong(1_000_000_000L, 2_000_000_000L),
                nodes,
                processes,
                r.nextInt(5) == 0
                        ? OptionalLong.of(r.nextLong(999_980_000L, 1_000_000_000L))
                        : OptionalLong.empty(),
                OptionalLong.empty());
    }

    private static NodeView randomNode(SplittableRandom r, NodeId id, boolean self) {
        long memory = r.nextLong(1, 64) * GIB;
        double cores = r.nextInt(1, 17);
        Doors doors =
                new Doors(
                        r.nextInt(6) == 0,
                        r.nextInt(8) == 0,
                        r.nextInt(6) == 0,
                        r.nextInt(8) == 0,
                        r.nextInt(4) == 0 ? r.nextInt(0, 4) : 1 << 20,
                        r.nextInt(4) == 0 ? r.nextDouble(0, cores) : 0,
                        r.nextInt(4) == 0 ? r.nextLong(0, memory) : 0);
        NodeFacts facts =
                new NodeFacts(
                        id,
                        new NodeCapacity(cores, r.nextDouble(0.3, 3), memory),
                        new NodeUse(
                                r.nextInt(3) == 0 ? 0 : r.nextDouble(0, 4 * cores),
                                r.nextLong(0, memory),
                                new Psi(0, r.nextInt(3) == 0 ? r.nextDouble(0, 1) : 0, 0),
                                r.nextInt(0, 5)),
                        doors);
        NodeStatus status =
                self || r.nextInt(4) > 0
                        ? NodeStatus.ALIVE
                        : r.nextBoolean() ? NodeStatus.SUSPECT : NodeStatus.DEAD;
        return new NodeView(
                facts,
                status,
                self ? 0 : r.nextLong(0, r.nextInt(4) == 0 ? 300_000 : 5_000),
                r.nextInt(4) == 0
                        ? new Announced(1, r.nextDouble(0, 2), r.nextLong(0, memory / 4 + 1))
                        : Announced.NOTHING,
                r.nextInt(3) == 0
                        ? Optional.empty()
                        : Optional.of(
                                new Features(
                                        r.nextInt(5) == 0 ? "aarch64" : "x86_64",
                                        r.nextBoolean() ? Set.of("avx2") : Set.of(),
                                        "4.2.1")),
                new Link(r.nextDouble(1e6, 1e9), r.nextDouble(0, 20), r.nextBoolean()),
                r.nextInt(5) == 0 ? r.nextDouble(0.1, 1) : 1,
                r.nextInt(3) == 0 ? Set.of("gpu") : Set.of());
    }

    private static ProcessView randomProcess(
            SplittableRandom r, List<NodeId> ids, NodeId self, int pid) {
        NodeId home = r.nextBoolean() ? self : ids.get(r.nextInt(ids.size()));
        List<PastMove> moves = new ArrayList<>();
        if (r.nextInt(3) == 0) {
            moves.add(
                    new PastMove(
                            ids.get(r.nextInt(ids.size())),
                            self,
                            r.nextLong(0, 900_000),
                            r.nextInt(3) == 0));
        }
        return new ProcessView(
                new HomePid(home, pid, pid),
                self,
                r.nextBoolean() ? "blastn" : "make",
                r.nextBoolean() ? "anna" : "bob",
                new Usage(
                        r.nextDouble(0, 4),
                        r.nextLong(0, 8 * GIB),
                        r.nextInt(3) == 0 ? r.nextDouble(0, 1e9) : 0,
                        r.nextInt(3) == 0 ? r.nextDouble(0, 1e8) : 0,
                        r.nextDouble(0, 3000)),
                new Features(
                        r.nextInt(3) == 0 ? "x86_64" : "",
                        r.nextInt(3) == 0 ? Set.of("avx2") : Set.of(),
                        ""),
                r.nextLong(0, 600_000),
                r.nextInt(0, 30),
                moves,
                r.nextInt(4) == 0
                        ? List.of(new Partner(ids.get(r.nextInt(ids.size())), r.nextDouble(0, 1e8)))
                        : List.of(),
                r.nextInt(6) == 0 ? Optional.of("has a camera open") : Optional.empty(),
                r.nextInt(8) == 0 ? Optional.of(ids.get(r.nextInt(ids.size()))) : Optional.empty(),
                java.util.OptionalLong.empty());
    }

    static Policy randomPolicy(SplittableRandom r) {
        StringBuilder text = new StringBuilder("[automation]\nmode=\"");
        text.append(
                new String[] {"manual", "partial", "full"}[r.nextInt(3)]
                        + "\"\ndial="
                        + r.nextInt(1, 6)
                        + "\n");
        text.append("[balance]\nhold=\"" + (r.nextBoolean() ? "0s" : "1s") + "\"\n");
        text.append("spread=\"" + (r.nextInt(4) == 0 ? "pack" : "spread") + "\"\n");
        text.append("moves_at_once=" + r.nextInt(1, 6) + "\n");
        if (r.nextInt(3) == 0) {
            text.append("[[node]]\nmatch=\"n1*\"\ncordon=true\n");
        }
        if (r.nextInt(3) == 0) {
            text.append("[[node]]\nmatch=\"*\"\nowner_first=true\n");
        }
        if (r.nextInt(3) == 0) {
            text.append("[[node]]\nmatch=\"label:gpu\"\nmax_guests=1\nreserve_cores=0.5\n");
        }
        if (r.nextInt(3) == 0) {
            text.append("[[node]]\naccept_when=\"node.psi.memory < 0.3\"\n");
        }
        if (r.nextInt(3) == 0) {
            text.append("[[process]]\nuser=\"anna\"\nnever=[\"n2*\"]\n");
        }
        if (r.nextInt(3) == 0) {
            text.append("[[process]]\ncommand=\"blast*\"\nonly=[\"n1\",\"n3\",\"label:gpu\"]\n");
        }
        if (r.nextInt(4) == 0) {
            text.append("[[process]]\ncommand=\"make\"\napart=true\npriority=3\n");
        }
        if (r.nextInt(4) == 0) {
            text.append("[[process]]\nuser=\"bob\"\nmax_pause=\"100ms\"\nmax_moves_per_hour=4\n");
        }
        if (r.nextInt(4) == 0) {
            text.append("[[process]]\nmove_when=\"process.cputime > 60s\"\n");
        }
        Policy policy = PolicyFile.parse(text.toString());
        return policy.balance().spread() == Spread.PACK
                ? policy.withAutomation(Automation.FULL)
                : policy;
    }
}
