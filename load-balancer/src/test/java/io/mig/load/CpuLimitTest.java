package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuLimitTest {
    @TempDir Path dir;

    private String mount(String type, String options, Path point) throws IOException {
        Files.createDirectories(point);
        return "30 20 0:27 / " + point + " rw,nosuid - " + type + " cgroup " + options;
    }

    @Test
    void shouldFindTightestLimitOnTheWayUpWhenVersion2() throws IOException {
        Path root = dir.resolve("cg");
        Path own = Files.createDirectories(root.resolve("a/b"));
        Files.writeString(root.resolve("a/cpu.max"), "50000 100000\n");
        Files.writeString(own.resolve("cpu.max"), "max 100000\n");
        Files.writeString(root.resolve("a/cpu.stat"), "usage_usec 1234\nuser_usec 1\n");

        Optional<CpuLimit> limit =
                CpuLimit.find(List.of(mount("cgroup2", "rw", root)), List.of("0::/a/b"));

        assertThat(limit).isPresent();
        assertThat(limit.get().cpus()).isEqualTo(0.5);
        assertThat(limit.get().usedNanos()).hasValue(1_234_000);
        Files.writeString(root.resolve("a/cpu.max"), "max 100000\n");
        assertThat(limit.get().cpus()).isZero();
    }

    @Test
    void shouldFindQuotaWhenVersion1() throws IOException {
        Path cpu = dir.resolve("cpu");
        Path account = dir.resolve("cpuacct");
        String first = mount("cgroup", "rw,cpu", cpu);
        String second = mount("cgroup", "rw,cpuacct", account);
        Files.writeString(cpu.resolve("cpu.cfs_quota_us"), "8000\n");
        Files.writeString(cpu.resolve("cpu.cfs_period_us"), "20000\n");
        Files.writeString(account.resolve("cpuacct.usage"), "99\n");

        Optional<CpuLimit> limit =
                CpuLimit.find(List.of(first, second), List.of("2:cpuacct:/x", "1:cpu:/../y"));

        assertThat(limit.map(CpuLimit::cpus)).contains(0.4);
        assertThat(limit.get().usedNanos()).hasValue(99);
    }

    @Test
    void shouldFindNothingWhenThereIsNoLimit() throws IOException {
        Path root = dir.resolve("cg");
        String mount = mount("cgroup2", "rw", root);
        Files.writeString(root.resolve("cpu.max"), "max 100000\n");

        assertThat(CpuLimit.find(List.of(mount), List.of("0::/"))).isEmpty();
        assertThat(CpuLimit.find(List.of(), List.of())).isEmpty();
        assertThat(CpuLimit.find(List.of("garbage", mount), List.of("odd"))).isEmpty();
    }
}
