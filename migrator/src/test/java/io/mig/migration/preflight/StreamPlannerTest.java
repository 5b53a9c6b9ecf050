package io.mig.migration.preflight;

import static io.mig.migration.preflight.TestTree.ROOT;
import static io.mig.migration.preflight.TestTree.holder;
import static io.mig.migration.preflight.TestTree.special;
import static org.assertj.core.api.Assertions.assertThat;

import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.FdRef;
import io.mig.checkpoint.proc.FileStat;
import io.mig.checkpoint.proc.Holder;
import io.mig.migration.preflight.CapsuleContext.KnownStream;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StreamPlannerTest {
    private static final Holder READER = holder(50, "bash", 0);
    private static final Holder WRITER = holder(51, "seq", 1);

    private final TestTree tree = new TestTree();

    private void pipe(long ino, int flags, Holder... outside) {
        tree.open(
                FdKind.PIPE,
                "pipe:[" + ino + "]",
                flags,
                special(0010600, ino, 0),
                List.of(),
                List.of(outside));
    }

    private List<ExternalStream> plan() {
        PreflightReport report = tree.check();
        assertThat(report.obstacles()).isEmpty();
        return report.streams().streams();
    }

    private ExternalStream only() {
        assertThat(plan()).hasSize(1);
        return plan().getFirst();
    }

    @Test
    void shouldReadFromOutsideWriter() {
        pipe(5, 0, WRITER);
        assertThat(only())
                .isEqualTo(
                        new ExternalStream(
                                1,
                                StreamKind.PIPE_IN,
                                new FdRef(ROOT, 7),
                                ROOT,
                                "pipe:[5]",
                                false,
                                0,
                                List.of(new FdRef(ROOT, 7))));
    }

    @Test
    void shouldDemandWhenOthersReadToo() {
        pipe(5, 04000, WRITER, READER);
        assertThat(only().demand()).isTrue();
        assertThat(only().flags()).isEqualTo(04000);
    }

    @Test
    void shouldWriteToOutsideReaderWhoeverElseWrites() {
        pipe(5, 1, READER, WRITER);
        assertThat(only().kind()).isEqualTo(StreamKind.PIPE_OUT);
        assertThat(only().demand()).isFalse();
    }

    @Test
    void shouldCarryOutputWhoseReaderIsNotInSightThoughOthersWrite() {
        pipe(5, 1, WRITER);
        assertThat(only().kind()).isEqualTo(StreamKind.PIPE_OUT);
    }

    @Test
    void shouldKeepPipeWithBothEndsInside() {
        pipe(5, 0);
        pipe(5, 1);
        assertThat(plan()).isEmpty();
    }

    @Test
    void shouldCarryPipeWhoseOtherEndIsNotInSight() {
        pipe(5, 0);
        pipe(6, 1);
        assertThat(plan())
                .extracting(ExternalStream::kind)
                .containsExactly(StreamKind.PIPE_IN, StreamKind.PIPE_OUT);
    }

    @Test
    void shouldOnlyReadWhenTreeHoldsBothEndsAndOutsideOnlyWrites() {
        pipe(5, 0, WRITER);
        pipe(5, 1, WRITER);
        assertThat(only().kind()).isEqualTo(StreamKind.PIPE_IN);
        assertThat(only().holders()).containsExactly(new FdRef(ROOT, 7));
    }

    @Test
    void shouldCarryBothWaysWhenPolicyAllows() {
        tree.policy = new PreflightPolicy(0, 0, true, List.of(), 0, false, true, false);
        pipe(5, 0, WRITER, READER);
        pipe(5, 1, WRITER, READER);
        assertThat(plan())
                .extracting(
                        ExternalStream::id,
                        ExternalStream::kind,
                        ExternalStream::demand,
                        ExternalStream::criuKey)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(
                                1, StreamKind.PIPE_IN, true, "pipe:[5]"),
                        org.assertj.core.groups.Tuple.tuple(
                                2, StreamKind.PIPE_OUT, false, "pipe:[5]"));
    }

    @Test
    void shouldNumberTerminalFirstAndPreferDescriptorThatDoesBoth() {
        long rdev = FileStat.makedev(136, 3);
        tree.root().tty = rdev;
        pipe(5, 0, WRITER);
        tree.open(
                FdKind.TTY, "/dev/pts/3", 1, special(0020620, 6, rdev), List.of(READER), List.of());
        tree.open(
                FdKind.TTY, "/dev/pts/3", 2, special(0020620, 6, rdev), List.of(READER), List.of());
        assertThat(plan())
                .extracting(
                        ExternalStream::id,
                        ExternalStream::kind,
                        s -> s.owner().fd(),
                        ExternalStream::criuKey)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(1, StreamKind.TTY, 9, "tty[8803:5]"),
                        org.assertj.core.groups.Tuple.tuple(2, StreamKind.PIPE_IN, 7, "pipe:[5]"));
        assertThat(tree.check().streams().tty()).isPresent();
    }

    @Test
    void shouldKeepSharedLogAtHomeByItsPath() {
        tree.file("/var/log/x", 02001, List.of(READER), List.of());
        assertThat(only().kind()).isEqualTo(StreamKind.FILE_OUT);
        assertThat(only().criuKey()).isEqualTo("var/log/x");
        assertThat(only().flags()).isEqualTo(02001);
        assertThat(FileNeeds.of(tree.facts(), tree.policy))
                .noneMatch(n -> n.path().equals("/var/log/x"));
    }

    @Test
    void shouldLetRootOwnWhatSeveralHold() {
        tree.member(1200, ROOT);
        tree.member(1300, ROOT);
        var stat = special(0010600, 5, 0);
        tree.open(
                1200,
                0,
                FdKind.PIPE,
                "pipe:[5]",
                0,
                stat,
                false,
                "",
                Optional.empty(),
                List.of(),
                List.of(WRITER));
        tree.open(
                ROOT,
                4,
                FdKind.PIPE,
                "pipe:[6]",
                0,
                special(0010600, 6, 0),
                false,
                "",
                Optional.empty(),
                List.of(),
                List.of(WRITER));
        assertThat(plan())
                .extracting(ExternalStream::owner, ExternalStream::link)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(new FdRef(1200, 0), 1200),
                        org.assertj.core.groups.Tuple.tuple(new FdRef(ROOT, 4), ROOT));
    }

    @Test
    void shouldKeepNumbersOfGuestsStreams() {
        tree.capsule = true;
        tree.root().nsPid = List.of(ROOT, 77);
        long rdev = FileStat.makedev(136, 3);
        tree.root().tty = rdev;
        tree.known =
                List.of(
                        new KnownStream(4, StreamKind.FILE_OUT, "pipe:[5]", 77, false),
                        new KnownStream(9, StreamKind.TTY, "tty[8803:5]", 77, false),
                        new KnownStream(2, StreamKind.PIPE_IN, "pipe:[6]", 78, true));
        pipe(5, 1, holder(999, "mig-capsule", 0));
        pipe(6, 0, holder(999, "mig-capsule", 1));
        tree.open(FdKind.TTY, "/dev/pts/3", 2, special(0020620, 6, rdev), List.of(), List.of());
        assertThat(plan())
                .extracting(
                        ExternalStream::id,
                        ExternalStream::kind,
                        ExternalStream::link,
                        ExternalStream::demand)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(2, StreamKind.PIPE_IN, 78, true),
                        org.assertj.core.groups.Tuple.tuple(4, StreamKind.FILE_OUT, 77, false),
                        org.assertj.core.groups.Tuple.tuple(9, StreamKind.TTY, 77, false));
    }

    @Test
    void shouldNameGuestByItsHomePid() {
        tree.capsule = true;
        tree.root().nsPid = List.of(ROOT, 77);
        tree.root().tracer = 60;
        assertThat(tree.check().obstacles().getFirst().subject()).isEqualTo("pid 77 (worker)");
    }

    @Test
    void shouldLeaveGuestsOwnPipesAlone() {
        tree.capsule = true;
        pipe(5, 0);
        pipe(5, 1);
        pipe(6, 1);
        assertThat(plan()).isEmpty();
    }

    @Test
    void shouldSayWhichJvmCountersToDelete() {
        tree.map("1000-2000 rw-s 0 00:01 44 /tmp/hsperfdata_root/1234");
        tree.mappedFiles.put(new io.mig.checkpoint.proc.FileId(1, 44), TestTree.regular(44, 1, 1));
        assertThat(tree.check().obstacles()).isEmpty();
        assertThat(Preflight.deleteBeforeDump(tree.facts()))
                .containsExactly("/tmp/hsperfdata_root/1234");
        assertThat(FileNeeds.of(tree.facts(), tree.policy))
                .noneMatch(n -> n.path().contains("hsperfdata"));
    }
}
