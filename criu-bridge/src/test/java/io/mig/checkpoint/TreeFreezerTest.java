package io.mig.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mig.checkpoint.support.Harness;
import io.mig.checkpoint.support.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Freezes real processes; requires root and cgroup v2. */
@Timeout(60)
class TreeFreezerTest {
    @TempDir Path directory;

    private CgroupRoot cgroups;
    private Freezer freezer;
    private Leaf leaf;
    private TreeFreezer trees;
    private final String base = "mig-test-" + UUID.randomUUID();

    @BeforeEach
    void createLeaf() {
        Harness.requireRoot();
        cgroups = Freezer.discover();
        freezer = new Freezer(cgroups, base);
        leaf = freezer.create("leaf");
        trees = new TreeFreezer(cgroups);
    }

    @AfterEach
    void removeEverything() throws Exception {
        if (leaf != null) {
            leaf.kill();
            leaf.remove(Duration.ofSeconds(5));
            Files.deleteIfExists(cgroups.mountPoint().resolve(base));
        }
    }

    @Test
    void shouldHoldAllThreadsAndChildrenWhenTreeIsFrozen() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "4", counters.toString())) {
            String before = cgroups.pathOf(work.pid()).orElseThrow();
            FrozenTree tree = trees.freeze(work.pid(), leaf);

            assertThat(tree.isFrozen()).isTrue();
            assertThat(tree.pids()).hasSize(2).startsWith(work.pid());
            List<Long> held = slots(counters);
            assertThat(leaf.awaitFrozen(Duration.ofMillis(50))).isTrue();
            assertThat(slots(counters)).isEqualTo(held);

            assertThat(tree.thawAndReturn()).isEmpty();
            assertThat(leaf.pids()).isEmpty();
            assertThat(cgroups.pathOf(work.pid())).contains(before);
            Workload.awaitTick(counters, 0);
            Workload.awaitTick(counters, 3);
            Workload.awaitTick(counters, 4);
        }
    }

    private static List<Long> slots(Path counters) {
        return List.of(0, 1, 2, 3, 4).stream()
                .map(slot -> Workload.counter(counters, slot))
                .toList();
    }

    @RepeatedTest(5)
    void shouldCatchEveryProcessWhenTreeForksAllTheTime() {
        try (Workload work = Workload.ready(directory, "forker")) {
            FrozenTree tree = trees.freeze(work.pid(), leaf);

            assertThat(tree.isFrozen()).isTrue();
            assertThat(leaf.pids()).containsExactlyInAnyOrderElementsOf(tree.pids());
            assertThat(new ProcessTable(Path.of("/proc")).children(work.pid()))
                    .allMatch(
                            pid -> tree.members().stream().anyMatch(member -> member.pid() == pid));

            tree.thawAndReturn();
            assertThat(leaf.pids()).isEmpty();
        }
    }

    @RepeatedTest(3)
    void shouldLetOrphansGoWhenTheirParentDiesDuringTheFreeze() {
        try (Workload work = Workload.ready(directory, "orphaner")) {
            FrozenTree tree = trees.freeze(work.pid(), leaf);

            assertThat(leaf.pids()).isSubsetOf(tree.pids());

            tree.thawAndReturn();
        }
    }

    @RepeatedTest(3)
    void shouldNotStopInsideVforkWhenParentUsesIt() {
        try (Workload work = Workload.ready(directory, "vforker", "3")) {
            FrozenTree tree = trees.freeze(work.pid(), leaf);

            assertThat(Stragglers.uninterruptible(tree.pids())).isEmpty();

            tree.thawAndReturn();
        }
    }

    @Test
    void shouldNameTheProcessAndPutItBackWhenVforkDoesNotEnd() {
        try (Workload work = Workload.ready(directory, "vforker", "60000")) {
            // ready is said before the vfork
            await().until(() -> !Stragglers.uninterruptible(List.of(work.pid())).isEmpty());
            String before = cgroups.pathOf(work.pid()).orElseThrow();

            assertThatThrownBy(() -> trees.freeze(work.pid(), leaf, Duration.ofMillis(300)))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("pid=" + work.pid())
                    .hasMessageContaining("vfork");

            assertThat(leaf.pids()).isEmpty();
            assertThat(cgroups.pathOf(work.pid())).contains(before);
        }
    }

    @Test
    void shouldRefuseWhenProcessIsTraced() {
        try (Workload work = Workload.ready(directory, "traced")) {
            int traced = Integer.parseInt(work.lines().getFirst());

            assertThatThrownBy(() -> trees.freeze(work.pid(), leaf))
                    .hasMessageContaining("pid=" + traced)
                    .hasMessageContaining("tracer=" + work.pid());

            assertThat(leaf.pids()).isEmpty();
        }
    }

    @Test
    void shouldRefuseWhenMemberIsHeldByAnotherFreeze() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "2", counters.toString())) {
            int child = new ProcessTable(Path.of("/proc")).children(work.pid()).getFirst();
            Leaf other = freezer.create("other");
            FrozenTree held = trees.freeze(child, other);

            assertThatThrownBy(() -> trees.freeze(work.pid(), leaf))
                    .hasMessageContaining("held frozen by somebody else");

            assertThat(held.isFrozen()).isTrue();
            assertThat(other.pids()).containsExactly(child);
            assertThat(leaf.pids()).isEmpty();
            held.thawAndReturn();
            other.remove(Duration.ofSeconds(5));
        }
    }

    @Test
    void shouldAcceptStoppedAndZombieMembers() {
        try (Workload stopped = Workload.ready(directory, "stopped");
                Workload parent = Workload.ready(directory, "zombie")) {
            await().until(
                            () ->
                                    new ProcessTable(Path.of("/proc"))
                                            .stat(stopped.pid())
                                            .filter(stat -> stat.state() == 'T')
                                            .isPresent());
            FrozenTree held = trees.freeze(stopped.pid(), leaf);
            assertThat(held.isFrozen()).isTrue();
            held.thawAndReturn();

            FrozenTree tree = trees.freeze(parent.pid(), leaf);
            int zombie = Integer.parseInt(parent.lines().getFirst());
            assertThat(tree.pids()).containsExactly(parent.pid());
            assertThat(tree.members())
                    .anyMatch(member -> member.pid() == zombie && member.zombie());
            tree.thawAndReturn();
        }
    }

    @Test
    void shouldRefuseWhenProcessIsKernelThread() throws IOException {
        Path kthreadd = Path.of("/proc/2/comm");
        assumeTrue(
                Files.exists(kthreadd) && Files.readString(kthreadd).strip().equals("kthreadd"),
                "SKIPPED: this pid namespace shows no kernel threads");
        assertThatThrownBy(() -> trees.freeze(2, leaf)).hasMessageContaining("kernel thread");
        assertThat(leaf.pids()).isEmpty();
    }

    @Test
    void shouldRefuseWhenProcessIsUnknownInitOrOurselves() {
        assertThatThrownBy(() -> trees.freeze(0x3fff_fff0, leaf))
                .hasMessageContaining("no such process");
        assertThatThrownBy(() -> trees.freeze(1, leaf)).hasMessageContaining("pid=1");
        assertThatThrownBy(() -> trees.freeze((int) ProcessHandle.current().pid(), leaf))
                .hasMessageContaining("agent itself");
        assertThat(leaf.pids()).isEmpty();
    }

    @Test
    void shouldPutProcessesBackWhenAgentThatFrozeThemIsGone() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "2", counters.toString())) {
            String before = cgroups.pathOf(work.pid()).orElseThrow();
            trees.freeze(work.pid(), leaf);

            Leaf found = freezer.leftovers().getFirst();
            FrozenTree.reopen(cgroups, found).thawAndReturn();

            assertThat(cgroups.pathOf(work.pid())).contains(before);
            Workload.awaitTick(counters, 0);
        }
    }

    @Test
    void shouldUseAnAncestorWhenOldCgroupIsGone() throws Exception {
        Path old = Files.createDirectory(cgroups.mountPoint().resolve(base).resolve("old"));
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "tick", counters.toString())) {
            Leaf.moveTo(old, work.pid());
            FrozenTree tree = trees.freeze(work.pid(), leaf);
            Files.delete(old);

            assertThat(tree.thawAndReturn()).containsExactly(work.pid());
            assertThat(cgroups.pathOf(work.pid())).contains("/" + base);
            Workload.awaitTick(counters, 0);
            Leaf.moveTo(cgroups.mountPoint(), work.pid());
        }
    }

    @Test
    void shouldKeepTheOldCgroupPopulatedWhenLeafIsMadeBelowIt() throws Exception {
        Path old = Files.createDirectory(cgroups.mountPoint().resolve(base).resolve("scope"));
        try (Workload work = Workload.ready(directory, "pending")) {
            Leaf.moveTo(old, work.pid());
            Leaf below = freezer.createBelow(work.pid(), "inner");
            FrozenTree tree = trees.freeze(work.pid(), below);

            assertThat(below.directory().getParent()).isEqualTo(old);
            assertThat(new Leaf(old).isPopulated()).isTrue();

            tree.thawAndReturn();
            below.remove(Duration.ofSeconds(5));
            assertThat(cgroups.pathOf(work.pid())).contains("/" + base + "/scope");
        }
        new Leaf(old).remove(Duration.ofSeconds(5));
    }
}
