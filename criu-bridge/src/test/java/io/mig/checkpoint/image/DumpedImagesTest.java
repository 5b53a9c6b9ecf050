package io.mig.checkpoint.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.criu.jna.Syscalls;
import io.mig.checkpoint.support.Capsule;
import io.mig.checkpoint.support.CriuLab;
import io.mig.checkpoint.support.Harness;
import io.mig.checkpoint.support.Workload;
import java.io.BufferedReader;
import java.io.File;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reads and edits images the real CRIU wrote, and proves by a restore that it accepts them;
 * requires root.
 */
@Timeout(90)
class DumpedImagesTest {
    @TempDir Path directory;

    private CriuLab lab;
    private ImageDirectory images;

    @BeforeEach
    void startServer() {
        lab = new CriuLab(directory);
        images = new ImageDirectory(lab.images);
    }

    @AfterEach
    void leaveNothingBehind() {
        if (lab != null) {
            lab.close();
        }
    }

    private void dump(int pid) {
        try (CriuConnection criu = lab.criu()) {
            lab.freeze(pid);
            criu.dump(lab.dumpOf(pid).build(), CheckpointListener.NONE);
        }
        images.requireKnownFormat();
    }

    @Test
    void shouldListPendingSignalsWhenSomeWaitedAtTheDump() throws Exception {
        try (Workload work = Workload.ready(directory, "pending")) {
            Syscalls.kill(work.pid(), 10);
            Syscalls.kill(work.pid(), 34);
            Syscalls.kill(work.pid(), 34);
            Syscalls.kill(work.pid(), 34);
            dump(work.pid());

            TaskImage task = images.tasks().getFirst();
            assertThat(task.pid()).isEqualTo(work.pid());
            assertThat(task.comm()).isEqualTo("harness");
            assertThat(task.state()).isEqualTo(TaskImage.State.ALIVE);
            assertThat(task.pendingCounts()).isEqualTo(Map.of(10, 1, 12, 1, 34, 3));
            assertThat(task.threads().getFirst().pending())
                    .singleElement()
                    .satisfies(
                            signal -> {
                                assertThat(signal.signo()).isEqualTo(12);
                                assertThat(signal.senderPid()).isEqualTo(work.pid());
                            });
            assertThat(task.sharedPending())
                    .allMatch(
                            signal ->
                                    signal.code() == 0
                                            && signal.senderPid() == ProcessHandle.current().pid());
            assertThat(task.threads().getFirst().blockedMask() & (1L << 9)).isNotZero();
        }
    }

    @Test
    void shouldDescribeTheTreeWhenItHasThreadsAndChildren() {
        Path counters = directory.resolve("counters");
        try (Workload work = Workload.ready(directory, "threads", "3", counters.toString())) {
            dump(work.pid());

            List<TaskImage> tasks = images.tasks();
            assertThat(tasks).hasSize(2);
            assertThat(tasks.getFirst().threads()).hasSize(3);
            assertThat(tasks.get(1).ppid()).isEqualTo(work.pid());
            assertThat(images.memory(work.pid()))
                    .hasValueSatisfying(memory -> assertThat(memory.presentPages()).isPositive());
            assertThat(images.totalBytes()).isPositive();
            assertThat(images.descriptors(work.pid())).extracting(FdImage::fd).contains(0, 1);

            Set<Integer> root = Set.of(0);
            Set<Integer> pids = Set.of(work.pid(), tasks.get(1).pid());
            assertThat(IdentityCheck.violations(images, new IdentityLimits(pids, root, root, -1L)))
                    .noneMatch(line -> line.contains("uid"))
                    .noneMatch(line -> line.contains("process"));
            assertThat(
                            IdentityCheck.violations(
                                    images, new IdentityLimits(Set.of(1), Set.of(1000), root, 0)))
                    .anyMatch(
                            line -> line.contains("uid not held at home") && line.contains("uid=0"))
                    .anyMatch(line -> line.contains("unexpected process"))
                    .anyMatch(line -> line.contains("capabilities beyond"));
        }
    }

    @Test
    void shouldRestoreAGrownFileWhenItsRecordedSizeWasDropped() throws Exception {
        Path log = directory.resolve("log");
        try (Workload work = Workload.ready(directory, "append", log.toString())) {
            dump(work.pid());
            Files.writeString(log, "two\n", StandardOpenOption.APPEND);

            try (Capsule capsule = lab.capsule()) {
                assertThatThrownBy(
                                () ->
                                        capsule.criu()
                                                .restore(
                                                        RestoreRequest.of(lab.images).build(),
                                                        CheckpointListener.NONE))
                        .hasMessageContaining("bad size");
            }
            assertThat(
                            images.dropRecordedSizes(
                                    file -> file.append() && file.path().equals(log.toString())))
                    .isEqualTo(1);
            try (Capsule capsule = lab.capsule()) {
                capsule.criu()
                        .restore(RestoreRequest.of(lab.images).build(), CheckpointListener.NONE);
            }
            assertThat(Files.readString(log)).isEqualTo("one\ntwo\n");
        }
    }

    @Test
    void shouldGoOnOverStandInPipesWhenTheyAreInheritedByKey() throws Exception {
        Process echo =
                new ProcessBuilder(Harness.command("echo"))
                        .redirectError(new File("/dev/null"))
                        .start();
        try (Writer in = echo.outputWriter();
                BufferedReader out = echo.inputReader()) {
            assertThat(out.readLine()).isEqualTo("ready");
            in.write("here\n");
            in.flush();
            assertThat(out.readLine()).isEqualTo("1:here");
            dump((int) echo.pid());
            in.write("unread at home\n");
            in.flush();

            Map<Integer, FileImage> files = images.files();
            List<FdImage> descriptors = images.descriptors((int) echo.pid());
            RestoreRequest.Builder restore = RestoreRequest.of(lab.images).rstSibling(true);
            for (FdImage each : descriptors) {
                if (files.get(each.fileId()) instanceof FileImage.Pipe pipe) {
                    restore.inheritFd(pipe.key(), pipe.isWriteEnd() ? 8 : 7);
                }
            }
            try (Capsule capsule = Capsule.startWithPipes(lab.server)) {
                capsule.criu().restore(restore.build(), CheckpointListener.NONE);
                capsule.input()
                        .write("there\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                capsule.input().flush();
                assertThat(capsule.reader().readLine()).isEqualTo("2:there");
                capsule.input().close();
                assertThat(capsule.reader().readLine()).isNull();
            }
        } finally {
            lab.leaf.kill();
        }
    }

    @Test
    void shouldGoOnAtAnotherTerminalWhenJobIsRestoredThere() {
        try (Workload shell = Workload.start(directory, "ptyjob")) {
            await().atMost(Harness.PATIENCE).until(() -> shell.lines().size() > 3);
            int job = Integer.parseInt(shell.lines().getFirst());
            dump(job);
            long last = lastTick(String.join("\n", shell.lines()));

            assertThat(images.files().values())
                    .filteredOn(FileImage.Tty.class::isInstance)
                    .isNotEmpty()
                    .allMatch(file -> ((FileImage.Tty) file).index() >= 0);
            try (Capsule capsule = Capsule.start(lab.server, directory, true)) {
                capsule.criu()
                        .restore(
                                RestoreRequest.of(lab.images).rstSibling(true).build(),
                                CheckpointListener.NONE);
                await().atMost(Harness.PATIENCE).until(() -> lastTick(capsule.output()) > last + 3);
                Matcher first = Pattern.compile("tick (\\d+)").matcher(capsule.output());
                assertThat(first.find()).isTrue();
                assertThat(Long.parseLong(first.group(1))).isBetween(last, last + 2);
            }
        }
    }

    private static long lastTick(String output) {
        Matcher ticks = Pattern.compile("tick (\\d+)\\R").matcher(output);
        long last = 0;
        while (ticks.find()) {
            last = Long.parseLong(ticks.group(1));
        }
        return last;
    }
}
