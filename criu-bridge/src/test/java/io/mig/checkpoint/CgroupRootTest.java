package io.mig.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CgroupRootTest {
    @Test
    void shouldTakeTheWritableMountOfOurOwnNamespaceWhenThereAreSeveral() {
        CgroupRoot root =
                CgroupRoot.discover(
                        List.of(
                                "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu",
                                "33 31 0:38 /../.. /host/cgroup rw,relatime - cgroup2 cgroup2 rw",
                                "34 31 0:38 / /ro/cgroup ro,relatime - cgroup2 cgroup2 rw",
                                "35 31 0:38 / /my\\040own/cgroup rw,nosuid shared:9 - cgroup2 none rw,nsdelegate"));

        assertThat(root.mountPoint()).isEqualTo(Path.of("/my own/cgroup"));
        assertThat(root.directory("/a/b")).contains(Path.of("/my own/cgroup/a/b"));
        assertThat(root.directory("/")).contains(Path.of("/my own/cgroup"));
        assertThat(root.directory("/../x")).isEmpty();
        assertThat(root.directory("/a/../../../etc")).isEmpty();
    }

    @Test
    void shouldSayWhatItSawWhenNoneIsUsable() {
        assertThatThrownBy(
                        () ->
                                CgroupRoot.discover(
                                        List.of(
                                                "34 31 0:38 / /ro ro,relatime - cgroup2 cgroup2 rw",
                                                "nonsense",
                                                "a b - cgroup2 ")))
                .hasMessageContaining("at=/ro")
                .hasMessageContaining("mount -t cgroup2");
    }

    @Test
    void shouldParseNamesWithParenthesesWhenReadingStat() {
        ProcessTable.Stat stat =
                ProcessTable.parseStat(
                                "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3\n")
                        .orElseThrow();

        assertThat(stat.comm()).isEqualTo("a) b (c");
        assertThat(stat.parent()).isEqualTo(7);
        assertThat(stat.startTicks()).isEqualTo(98765);
        assertThat(ProcessTable.parseStat("42 (short) S")).isEmpty();
        assertThat(ProcessTable.parseStat("")).isEmpty();
    }
}
