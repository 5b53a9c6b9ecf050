package io.mig.ctl.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class HostMountsTest {
    private static final HostMounts MOUNTS =
            HostMounts.parse(
                    List.of(
                            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
                            "22 27 0:21 / /proc rw,relatime - proc proc rw",
                            "38 31 0:31 / /sys/fs/cgroup/cpu rw shared:7 - cgroup cgroup rw,cpu",
                            "41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 master:1 - cgroup2 cgroup2 rw",
                            "50 27 254:2 / /usr rw - xfs /dev/vdb rw",
                            "51 27 254:3 / /boot/efi rw - ext4 /dev/vdc rw",
                            "52 27 0:40 / /srv/two\\040words rw - tmpfs tmpfs rw",
                            "53 27 254:4 / /var/tmp rw - ext4 /dev/vdd rw",
                            "half a line"));

    @Test
    void shouldFindCgroupV2WhenVersionOneIsMountedToo() {
        assertThat(MOUNTS.cgroupV2()).contains(Path.of("/sys/fs/cgroup/unified"));
    }

    @Test
    void shouldFindNothingWhenThereIsNoCgroupV2() {
        assertThat(HostMounts.parse(List.of("27 1 254:0 / / rw - ext4 /dev/vda rw")).cgroupV2())
                .isEmpty();
    }

    @Test
    void shouldOfferFurtherDisksWhenNodesNeedThem() {
        assertThat(MOUNTS.furtherDisks(Path.of("/var/tmp/mig-lab"))).containsExactly("/usr");
    }

    @Test
    void shouldReadBlanksWhenTheyAreEscaped() {
        assertThat(MOUNTS.mounts()).extracting(HostMounts.Mount::point).contains("/srv/two words");
    }
}
