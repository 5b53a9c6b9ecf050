package io.mig.checkpoint.criu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.CriuNotification;
import io.mig.checkpoint.CriuVersion;
import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.DumpResult;
import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.RestoreResult;
import io.mig.checkpoint.support.Capsule;
import io.mig.checkpoint.support.CriuLab;
import io.mig.checkpoint.support.Harness;
import io.mig.checkpoint.support.Workload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Dumps and restores real processes with the real CRIU; requires root. */
@Timeout(90)
class CriuConnectionTest {
    @TempDir Path directory;

    private CriuLab lab;

    @BeforeEach
    void startServer() {
        lab = new CriuLab(directory);
    }

    @AfterEach
    void leaveNothingBehind() {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void shouldAnswerQuestionsWhenConnected() {
        try (CriuConnection criu = lab.criu()) {
            assertThat(criu.version()).isGreaterThanOrEqualTo(CriuVersion.MINIMUM);
            assertThat(criu.features().pidfdStore()).isTrue();
            criu.requireSupported();
            criu.cpuInfoDump(lab.images);
            criu.cpuInfoCheck(lab.images);
            assertThat(criu.hasExited()).isFalse();
        }
    }

    @Test
    void shouldRunInTheCapsuleUnderTheSamePidWhenProcessWasDumped() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu();
                Capsule capsule = lab.capsule()) {
            FrozenTree tree = lab.freeze(work.pid());
            List<String> dumpSteps = new ArrayList<>();
            DumpResult dumped =
                    criu.dump(
                            lab.dumpOf(work.pid()).build(),
                            notification -> dumpSteps.add(notification.script()));

            assertThat(tree.leaf().awaitFrozen(Duration.ofSeconds(5))).isTrue();
            assertThat(dumpSteps).contains(CriuNotification.PRE_DUMP, CriuNotification.POST_DUMP);
            assertThat(dumped.stats())
                    .hasValueSatisfying(stats -> assertThat(stats.pagesWritten()).isPositive());
            long held = Workload.counter(counter, 0);

            List<CriuNotification> steps = new ArrayList<>();
            RestoreResult restored =
                    capsule.criu().restore(RestoreRequest.of(lab.images).build(), steps::add);

            assertThat(restored.rootPid()).isEqualTo(work.pid());
            assertThat(steps)
                    .extracting(CriuNotification::script)
                    .contains(
                            CriuNotification.PRE_RESTORE,
                            CriuNotification.POST_RESTORE,
                            CriuNotification.PRE_RESUME);
            assertThat(steps)
                    .filteredOn(step -> step.script().equals(CriuNotification.POST_RESTORE))
                    .allMatch(step -> step.pid().orElse(0) == work.pid());
            Workload.awaitTick(counter, 0);
            assertThat(Workload.counter(counter, 0)).isGreaterThan(held);
            assertThat(tree.leaf().awaitFrozen(Duration.ofSeconds(5))).isTrue();
            tree.thawAndReturn();
        }
    }

    @Test
    void shouldHopFromCapsuleToCapsuleWhenDumpedInsideEach() throws IOException {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "3", counters.toString())) {
            int pid = work.pid();
            Path images = lab.images;
            try (CriuConnection criu = lab.criu()) {
                lab.freeze(pid);
                criu.dump(lab.dumpOf(pid).build(), CheckpointListener.NONE);
            }
            lab.leaf.kill();
            for (int hop = 1; hop <= 3; hop++) {
                try (Capsule capsule = lab.capsule()) {
                    capsule.criu()
                            .restore(
                                    RestoreRequest.of(images).rstSibling(true).build(),
                                    CheckpointListener.NONE);
                    Workload.awaitTick(counters, 0);
                    Workload.awaitTick(counters, 3);
                    images = Files.createDirectory(directory.resolve("hop-" + hop));
                    try (CriuConnection criu = capsule.secondCriu(lab.server)) {
                        FrozenTree tree = lab.freeze(capsule.hostPid(pid));
                        assertThat(tree.pids()).hasSize(2);
                        criu.dump(
                                DumpRequest.of(pid, images)
                                        .freezeCgroup(lab.leaf.directory())
                                        .build(),
                                CheckpointListener.NONE);
                        // criu has asked for the freeze again; the kernel tells when it is done
                        assertThat(tree.leaf().awaitFrozen(Duration.ofSeconds(5))).isTrue();
                    }
                    lab.leaf.kill();
                }
            }
        }
    }

    @Test
    void shouldDumpAndLeaveNothingWhenRehearsing() throws IOException {
        Path scratch = Files.createDirectory(directory.resolve("scratch"));

        Rehearsal.Result result = new Rehearsal(lab.launcher, lab.freezer(), scratch).run();

        assertThat(result.dump()).isPositive();
        assertThat(scratch).isEmptyDirectory();
        assertThat(lab.freezer().leftovers()).hasSize(1);
    }

    @Test
    void shouldKillWhatItRestoredWhenListenerRefusesAtPostRestore() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu();
                Capsule capsule = lab.capsule()) {
            lab.freeze(work.pid());
            criu.dump(lab.dumpOf(work.pid()).build(), CheckpointListener.NONE);

            assertThatThrownBy(
                            () ->
                                    capsule.criu()
                                            .restore(
                                                    RestoreRequest.of(lab.images).build(),
                                                    notification -> {
                                                        if (notification
                                                                .script()
                                                                .equals(
                                                                        CriuNotification
                                                                                .POST_RESTORE)) {
                                                            throw new IllegalStateException(
                                                                    "home said no");
                                                        }
                                                    }))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("refused at post-restore")
                    .hasMessageContaining("home said no")
                    .hasRootCauseMessage("home said no");
            assertThat(lab.leaf.awaitFrozen(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void shouldQuoteTheLogWhenDescriptorCannotBeDumped() {
        try (Workload work = Workload.ready(directory, "undumpable");
                CriuConnection criu = lab.criu()) {
            FrozenTree tree = lab.freeze(work.pid());

            CheckpointException failure =
                    catchThrowableOfType(
                            CheckpointException.class,
                            () ->
                                    criu.dump(
                                            lab.dumpOf(work.pid()).build(),
                                            CheckpointListener.NONE));

            assertThat(failure.outcome()).isEqualTo(CheckpointException.Outcome.FAILED);
            assertThat(failure.logExcerpt()).anyMatch(line -> line.contains("Error ("));
            assertThat(failure)
                    .hasMessageContaining("pid=" + work.pid())
                    .hasMessageContaining("userfaultfd");
            assertThat(tree.leaf().awaitFrozen(Duration.ofSeconds(5))).isTrue();
            tree.thawAndReturn();
            assertThat(work.isAlive()).isTrue();
        }
    }

    @Test
    void shouldSayThatThePidIsTakenWhenRestoredBesideTheOriginal() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu();
                CriuConnection second = lab.criu()) {
            lab.freeze(work.pid());
            criu.dump(lab.dumpOf(work.pid()).build(), CheckpointListener.NONE);

            CheckpointException failure =
                    catchThrowableOfType(
                            CheckpointException.class,
                            () ->
                                    second.restore(
                                            RestoreRequest.of(lab.images).build(),
                                            CheckpointListener.NONE));

            assertThat(failure.errno()).isEqualTo(17);
            assertThat(failure.outcome()).isEqualTo(CheckpointException.Outcome.FAILED);
            assertThat(failure.logExcerpt()).isNotEmpty();
        }
    }

    @Test
    void shouldRestoreThreadsAndChildrenWhenTreeWasDumped() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "4", counters.toString());
                CriuConnection criu = lab.criu();
                Capsule capsule = lab.capsule()) {
            FrozenTree tree = lab.freeze(work.pid());
            criu.dump(lab.dumpOf(work.pid()).build(), CheckpointListener.NONE);
            capsule.criu()
                    .restore(
                            RestoreRequest.of(lab.images).rstSibling(true).build(),
                            CheckpointListener.NONE);

            for (int slot = 0; slot <= 4; slot++) {
                Workload.awaitTick(counters, slot);
            }
            assertThat(tree.leaf().awaitFrozen(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void shouldNotKnowTheOutcomeWhenCriuIsKilledInTheMiddle() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu()) {
            FrozenTree tree = lab.freeze(work.pid());

            CheckpointException failure =
                    catchThrowableOfType(
                            CheckpointException.class,
                            () ->
                                    criu.dump(
                                            lab.dumpOf(work.pid()).build(),
                                            notification -> {
                                                if (notification
                                                        .script()
                                                        .equals(CriuNotification.POST_DUMP)) {
                                                    criu.kill();
                                                }
                                            }));

            assertThat(failure.outcome()).isEqualTo(CheckpointException.Outcome.UNKNOWN);
            tree.thawAndReturn();
            Workload.awaitTick(counter, 0);
        }
    }

    @Test
    void shouldSayNoAnswerWhenCriuIsSilentForTooLong() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu()) {
            FrozenTree tree = lab.freeze(work.pid());

            CheckpointException failure =
                    catchThrowableOfType(
                            CheckpointException.class,
                            () ->
                                    criu.dump(
                                            lab.dumpOf(work.pid())
                                                    .answerTimeout(Duration.ofMillis(300))
                                                    .build(),
                                            notification -> {
                                                if (notification
                                                        .script()
                                                        .equals(CriuNotification.PRE_DUMP)) {
                                                    stop(criu.pid());
                                                }
                                            }));

            assertThat(failure.outcome()).isEqualTo(CheckpointException.Outcome.UNKNOWN);
            assertThat(failure)
                    .hasMessageContaining("no answer")
                    .hasMessageContaining("pid=" + criu.pid());
            await().until(criu::hasExited);
            tree.thawAndReturn();
            Workload.awaitTick(counter, 0);
        }
    }

    @Test
    void shouldPutTheTreeBackWhenConversationIsClosedAtAnyMoment() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "4", counters.toString())) {
            for (int round = 0; round < 12; round++) {
                FrozenTree tree = lab.freeze(work.pid());
                CriuConnection criu = lab.criu();
                long delay = round * 4_000_000L;
                Thread closer =
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            LockSupport.parkNanos(delay);
                                            criu.close();
                                        });
                try {
                    criu.dump(lab.dumpOf(work.pid()).build(), CheckpointListener.NONE);
                } catch (CheckpointException cut) {
                    if (cut.outcome() == CheckpointException.Outcome.FAILED) {
                        // closed before the request was sent: certainly nothing happened
                        assertThat(cut)
                                .message()
                                .containsAnyOf("cannot take this request", "is closed");
                    }
                    assertThat(cut).message().doesNotContain("still holds");
                }
                await().until(() -> !closer.isAlive());
                tree.thawAndReturn();
                for (int slot = 0; slot <= 4; slot++) {
                    Workload.awaitTick(counters, slot);
                }
            }
        }
    }

    @Test
    void shouldLeaveNoDescriptorsOrThreadsBehindWhenConnectionsAreClosed() {
        lab.criu().close();
        int descriptors = count("/proc/self/fd");
        for (int i = 0; i < 20; i++) {
            try (CriuConnection criu = lab.criu()) {
                assertThat(criu.version()).isNotNull();
            }
        }
        await().untilAsserted(
                        () ->
                                assertThat(count("/proc/self/fd"))
                                        .isLessThanOrEqualTo(descriptors + 3));
        await().until(
                        () ->
                                Thread.getAllStackTraces().keySet().stream()
                                        .noneMatch(
                                                thread ->
                                                        thread.getName().startsWith("criu-")
                                                                && !thread.getName()
                                                                        .equals("criu-accept")));
    }

    private static int count(String path) {
        return java.util.Objects.requireNonNull(Path.of(path).toFile().list()).length;
    }

    private static void stop(int pid) {
        try {
            io.mig.checkpoint.criu.jna.Syscalls.kill(pid, 19);
        } catch (IOException failed) {
            throw new java.io.UncheckedIOException(failed);
        }
    }

    @Test
    void shouldRefuseASecondDumpOnOneConnection() {
        Path counter = directory.resolve("counter");
        try (Workload work = Workload.ready(directory, "tick", counter.toString());
                CriuConnection criu = lab.criu()) {
            lab.freeze(work.pid());
            criu.dump(lab.dumpOf(work.pid()).build(), CheckpointListener.NONE);

            assertThatThrownBy(
                            () ->
                                    criu.dump(
                                            lab.dumpOf(work.pid()).build(),
                                            CheckpointListener.NONE))
                    .hasMessageContaining("SPENT");
            assertThat(criu.awaitExit(Duration.ofSeconds(5))).isTrue();
        }
    }

    @Test
    void shouldTurnAwayPeersWithUnknownTokens() throws Exception {
        Process stranger =
                new ProcessBuilder(
                                Harness.command(
                                        "spawn",
                                        lab.server.socketPath().toString(),
                                        "nobody",
                                        Harness.CRIU.toString()))
                        .redirectErrorStream(true)
                        .start();
        assertThat(stranger.waitFor(10, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        assertThat(stranger.exitValue()).isNotZero();
    }

    @Test
    void shouldSayWhyWhenCriuCannotBeStarted() {
        CriuLauncher broken =
                new CriuLauncher(lab.server, Harness.spawnCommand(), Path.of("/nonexistent/criu"));
        assertThatThrownBy(() -> broken.start(Duration.ofSeconds(20)))
                .hasMessageContaining("/nonexistent/criu");

        CriuLauncher wrong =
                new CriuLauncher(
                        lab.server,
                        List.of("/bin/sh", "-c", "echo no socket here >&2; exit 3"),
                        Harness.CRIU);
        assertThatThrownBy(() -> wrong.start(Duration.ofSeconds(20)))
                .hasMessageContaining("status=3")
                .hasMessageContaining("no socket here");
    }
}
