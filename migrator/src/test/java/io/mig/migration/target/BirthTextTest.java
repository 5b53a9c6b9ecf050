package io.mig.migration.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.mig.model.RefusedException;
import io.mig.wire.proto.BirthDescriptor;
import io.mig.wire.proto.BirthFile;
import io.mig.wire.proto.BirthItem;
import io.mig.wire.proto.BirthLimit;
import io.mig.wire.proto.VouchReply;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class BirthTextTest {
    private static final VouchReply ANNA =
            VouchReply.newBuilder().addUids(1000).addGids(1000).addGids(27).build();

    private static BirthItem.Builder program(int uid) {
        return BirthItem.newBuilder()
                .setExe(ByteString.copyFromUtf8("/bin/echo"))
                .setCwd(ByteString.copyFromUtf8("/tmp"))
                .addAllUids(List.of(uid, uid, uid))
                .addAllGids(List.of(1000, 1000, 1000))
                .addGroups(27);
    }

    private static String text(BirthItem item) {
        return new String(BirthText.of(item, ANNA, false), StandardCharsets.ISO_8859_1);
    }

    @Test
    void shouldWriteWhatTheCapsuleReadsWhenAllIsRight() {
        BirthItem item =
                program(1000)
                        .setUmask(027)
                        .setNice(3)
                        .setIgnored(0x1000)
                        .addLimits(BirthLimit.newBuilder().setResource(7).setSoft(9).setHard(-1))
                        .addFiles(BirthFile.newBuilder().setKey(0).setStream(4).setFlags(2))
                        .addFiles(
                                BirthFile.newBuilder()
                                        .setKey(1)
                                        .setFlags(1)
                                        .setPosition(8)
                                        .setPath(ByteString.copyFromUtf8("/tmp/a,b")))
                        .addDescriptors(BirthDescriptor.newBuilder().setNumber(5).setKey(1))
                        .addArgs(ByteString.copyFrom(new byte[] {'a', '\n', (byte) 0xff}))
                        .addArgs(ByteString.EMPTY)
                        .addEnv(ByteString.copyFromUtf8("A=b"))
                        .build();

        assertThat(text(item).split("\0"))
                .containsExactly(
                        "exe=/bin/echo",
                        "cwd=/tmp",
                        "uid=1000,1000,1000",
                        "gid=1000,1000,1000",
                        "groups=27",
                        "umask=23",
                        "nice=3",
                        "oom=0",
                        "ignore=1000",
                        "block=0",
                        "limit=7,9,18446744073709551615",
                        "stream=0,4,2",
                        "file=1,1,8,/tmp/a,b",
                        "fd=5,1",
                        "arg=a\n\u00ff",
                        "arg=",
                        "env=A=b");
    }

    @Test
    void shouldRefuseWhenItClaimsMoreThanHomeVouchesFor() {
        assertThatThrownBy(() -> text(program(0).build()))
                .isInstanceOf(RefusedException.class)
                .hasMessageContaining("root");
        assertThatThrownBy(() -> text(program(1001).build()))
                .hasMessageContaining("vouches")
                .hasMessageContaining("1001");
        assertThatThrownBy(() -> text(program(1000).addGroups(0).build()))
                .hasMessageContaining("vouches");
        assertThatThrownBy(() -> text(program(1000).clearUids().build()))
                .hasMessageContaining("who it is");
    }

    @Test
    void shouldRefuseWhenATextCouldBeTakenForASetting() {
        ByteString trick = ByteString.copyFromUtf8("x\0uid=0,0,0");

        assertThatThrownBy(() -> text(program(1000).addArgs(trick).build()))
                .hasMessageContaining("zero byte");
    }
}
