package io.mig.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.checkpoint.criu.jna.Syscalls;
import io.mig.checkpoint.support.Harness;
import io.mig.checkpoint.support.Workload;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class KernelHandlesTest {
    @TempDir Path directory;

    @BeforeEach
    void needsRoot() {
        Harness.requireRoot();
    }

    @Test
    void shouldSeeTheEndOfTheRightProcessWhenOneOfSeveralEnds() {
        try (Workload first = Workload.ready(directory, "pending");
                Workload second = Workload.ready(directory, "pending");
                PidFd one = PidFd.open(first.pid()).orElseThrow();
                PidFd two = PidFd.open(second.pid()).orElseThrow()) {
            assertThat(PidFd.awaitAnyExit(List.of(one, two), Duration.ofMillis(5))).isEmpty();
            assertThat(one.hasExited()).isFalse();

            assertThat(two.sendSignal(9)).isTrue();

            assertThat(PidFd.awaitAnyExit(List.of(one, two), Duration.ofSeconds(10)))
                    .containsExactly(two);
            assertThat(two.awaitExit(Duration.ofSeconds(1))).isTrue();
            assertThat(one.hasExited()).isFalse();
        }
        assertThat(PidFd.open(0x3fff_fff0)).isEmpty();
    }

    @Test
    void shouldTellSharedDescriptorsFromEqualOnes() throws Exception {
        int self = (int) ProcessHandle.current().pid();
        try (Workload parent = Workload.ready(directory, "zombie");
                RandomAccessFile file =
                        new RandomAccessFile(directory.resolve("f").toFile(), "rw")) {
            assertThat(Kcmp.sameFile(parent.pid(), 1, parent.pid(), 1)).isEqualTo(Kcmp.Answer.SAME);
            assertThat(Kcmp.sameFile(parent.pid(), 0, parent.pid(), 1))
                    .isEqualTo(Kcmp.Answer.DIFFERENT);
            assertThat(Kcmp.sameFile(parent.pid(), 0, parent.pid(), 500))
                    .isEqualTo(Kcmp.Answer.GONE);
            assertThat(Kcmp.sameFile(parent.pid(), 0, 0x3fff_fff0, 0)).isEqualTo(Kcmp.Answer.GONE);
            assertThat(Kcmp.sameMemory(self, parent.pid())).isEqualTo(Kcmp.Answer.DIFFERENT);
            assertThat(Kcmp.sameFileTable(self, self)).isEqualTo(Kcmp.Answer.SAME);
            assertThat(file.length()).isZero();
        }
    }

    @Test
    void shouldKnowTheFileSystem() throws Exception {
        assertThat(Syscalls.statfs(Path.of("/dev/shm")).isTmpfs()).isTrue();
        assertThat(Syscalls.statfs(Path.of("/proc")).isTmpfs()).isFalse();
        assertThat(Syscalls.statfs(directory).availableBytes()).isPositive();
    }
}
