package io.mig.migration.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class FileIdentityTest {
    private static final String STATUS =
            """
            Name:\tworker
            Uid:\t1000\t1000\t0\t1001
            Gid:\t100\t100\t100\t101
            Groups:\t27 44\s
            CapPrm:\t0000000000000000
            """;

    @Test
    void shouldTakeIdsOfTheFileSystemWhenTheyDifferFromTheReal() {
        FileIdentity identity = FileIdentity.parse(STATUS);

        assertThat(identity.fileUid()).isEqualTo(1001);
        assertThat(identity.fileGid()).isEqualTo(101);
        assertThat(identity.uids()).containsExactlyInAnyOrder(0, 1000, 1001);
        assertThat(identity.groups()).containsExactly(27, 44);
        assertThat(identity.any()).isFalse();
    }

    @Test
    void shouldBecomeAnybodyWhenItMaySetItsUid() {
        String root = STATUS.replace("CapPrm:\t0000000000000000", "CapPrm:\t000001ffffffffff");

        assertThat(FileIdentity.parse(root).any()).isTrue();
    }

    @Test
    void shouldGiveItsOwnGroupWhenItClaimsAStrangers() {
        FileIdentity identity = FileIdentity.parse(STATUS);

        assertThat(identity.gid(44)).isEqualTo(44);
        assertThat(identity.gid(0)).isEqualTo(101);
    }

    @Test
    void shouldRefuseWhenTheProcessIsAboutToEnd() {
        assertThatThrownBy(() -> FileIdentity.parse("Name:\tworker\n"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
