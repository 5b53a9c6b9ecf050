package io.mig.checkpoint.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.image.proto.CriuImages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Image files made here, whole and damaged; needs no CRIU. */
@Timeout(60)
class ImageFileTest {
    @TempDir Path directory;

    private static CriuImages.SignalInfo signal(int signo, int code, int pid, long value) {
        ByteBuffer info = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        info.putInt(0, signo).putInt(8, code).putInt(16, pid).putInt(20, 1000).putLong(24, value);
        return CriuImages.SignalInfo.newBuilder()
                .setSiginfo(ByteString.copyFrom(info.array()))
                .build();
    }

    private void writeTree() {
        ImageFile.write(
                directory.resolve("inventory.img"),
                ImageType.INVENTORY,
                List.of(CriuImages.Inventory.newBuilder().setImgVersion(2).build()));
        ImageFile.write(
                directory.resolve("pstree.img"),
                ImageType.PSTREE,
                List.of(
                        CriuImages.PstreeEntry.newBuilder()
                                .setPid(70)
                                .setPpid(0)
                                .setPgid(70)
                                .setSid(60)
                                .addThreads(70)
                                .addThreads(71)
                                .build()));
        CriuImages.Credentials credentials =
                CriuImages.Credentials.newBuilder()
                        .setUid(1000)
                        .setEuid(0)
                        .addCapEff(1)
                        .addCapEff(2)
                        .addGroups(27)
                        .build();
        CriuImages.Core.Builder leader =
                CriuImages.Core.newBuilder()
                        .setTc(
                                CriuImages.TaskCore.newBuilder()
                                        .setTaskState(3)
                                        .setStopSigno(20)
                                        .setComm("worker")
                                        .setSignalsS(
                                                CriuImages.SignalQueue.newBuilder()
                                                        .addSignals(signal(34, -1, 5, 99))
                                                        .addSignals(signal(34, -1, 5, 100))))
                        .setIds(CriuImages.KernelObjectIds.newBuilder().setFilesId(4))
                        .setThreadCore(CriuImages.ThreadCore.newBuilder().setCreds(credentials));
        ImageFile.write(directory.resolve("core-70.img"), ImageType.CORE, List.of(leader.build()));
        ImageFile.write(
                directory.resolve("core-71.img"),
                ImageType.CORE,
                List.of(
                        CriuImages.Core.newBuilder()
                                .setThreadCore(
                                        CriuImages.ThreadCore.newBuilder()
                                                .setSignalsP(
                                                        CriuImages.SignalQueue.newBuilder()
                                                                .addSignals(signal(10, -6, 70, 0))))
                                .build()));
        ImageFile.write(
                directory.resolve("fdinfo-4.img"),
                ImageType.FDINFO,
                List.of(CriuImages.FdInfo.newBuilder().setFd(1).setId(9).setType(1).build()));
        ImageFile.write(directory.resolve("files.img"), ImageType.FILES, List.of(regularFile()));
        ImageFile.write(
                directory.resolve("pagemap-70.img"),
                ImageType.PAGEMAP,
                List.of(
                        CriuImages.PagemapHead.newBuilder().setPagesId(1).build(),
                        CriuImages.PagemapEntry.newBuilder()
                                .setVaddr(4096)
                                .setNrPages(5)
                                .setFlags(6)
                                .build(),
                        CriuImages.PagemapEntry.newBuilder()
                                .setVaddr(9)
                                .setCompatNrPages(3)
                                .setFlags(4)
                                .build()));
    }

    private static CriuImages.FileEntry regularFile() {
        // Field 99 stands for one that a later CRIU may add.
        UnknownFieldSet later =
                UnknownFieldSet.newBuilder()
                        .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                        .build();
        return CriuImages.FileEntry.newBuilder()
                .setType(1)
                .setId(9)
                .setReg(
                        CriuImages.RegularFile.newBuilder()
                                .setId(9)
                                .setFlags(02001)
                                .setPos(10)
                                .setSize(10)
                                .setName("tmp/log")
                                .setUnknownFields(later))
                .build();
    }

    @Test
    void shouldReadWhatWasWrittenWhenFilesAreWhole() {
        writeTree();
        ImageDirectory images = new ImageDirectory(directory);

        images.requireKnownFormat();
        TaskImage task = images.tasks().getFirst();
        assertThat(task.state()).isEqualTo(TaskImage.State.STOPPED);
        assertThat(task.stopSignal()).isEqualTo(20);
        assertThat(task.pendingCounts()).containsEntry(34, 2).containsEntry(10, 1);
        assertThat(task.sharedPending().getFirst())
                .isEqualTo(new PendingSignal(34, -1, 5, 1000, 99));
        assertThat(task.threads().getFirst().credentials().orElseThrow().capabilities())
                .isEqualTo(0x2_0000_0001L);
        assertThat(images.descriptors(70)).containsExactly(new FdImage(1, 9, 0, 1));
        assertThat(images.memory(70)).contains(new MemorySizes(1, 8, 5, 0));
        assertThat(images.files().get(9))
                .isInstanceOfSatisfying(
                        FileImage.Regular.class,
                        file -> {
                            assertThat(file.path()).isEqualTo("/tmp/log");
                            assertThat(file.append()).isTrue();
                            assertThat(file.writable()).isTrue();
                        });
    }

    @Test
    void shouldReportEverythingBeyondTheLimits() {
        writeTree();

        List<String> found =
                IdentityCheck.violations(
                        new ImageDirectory(directory),
                        new IdentityLimits(Set.of(70), Set.of(1000), Set.of(0), 1));

        assertThat(found)
                .anyMatch(line -> line.contains("uid=0"))
                .anyMatch(line -> line.contains("gid=27"))
                .anyMatch(line -> line.contains("excess=0x200000000"))
                .anyMatch(line -> line.contains("no credentials") && line.contains("tid=71"));
    }

    @Test
    void shouldKeepUnknownFieldsWhenSizesAreDropped() {
        writeTree();
        ImageDirectory images = new ImageDirectory(directory);

        assertThat(images.dropRecordedSizes(file -> false)).isZero();
        assertThat(images.dropRecordedSizes(FileImage.Regular::append)).isEqualTo(1);

        CriuImages.RegularFile edited =
                ImageFile.read(
                                directory.resolve("files.img"),
                                ImageType.FILES,
                                CriuImages.FileEntry.parser())
                        .getFirst()
                        .getReg();
        assertThat(edited.hasSize()).isFalse();
        assertThat(edited.getPos()).isEqualTo(10);
        assertThat(edited.getUnknownFields().getField(99).getVarintList()).containsExactly(7L);
    }

    @Test
    void shouldNameTheFileWhenItIsForeignCutOrAbsurd() throws IOException {
        Path file = directory.resolve("pstree.img");
        Files.write(file, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertRefused(file, "wrong magic");

        writeTree();
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 2));
        assertRefused(file, "is cut");
        Files.write(file, Arrays.copyOf(whole, 10));
        assertRefused(file, "ends inside");
        byte[] huge = whole.clone();
        huge[11] = 0x7f;
        Files.write(file, huge);
        assertRefused(file, "too large");
    }

    private static void assertRefused(Path file, String why) {
        assertThatThrownBy(
                        () ->
                                ImageFile.read(
                                        file, ImageType.PSTREE, CriuImages.PstreeEntry.parser()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(why);
    }

    @Test
    void shouldFailOnlyInItsOwnWayWhenBytesAreDamaged() throws IOException {
        writeTree();
        long seed = Long.getLong("mig.seed", System.nanoTime());
        Random random = new Random(seed);
        List<Path> files;
        try (var list = Files.list(directory)) {
            files = list.sorted().toList();
        }
        IdentityLimits limits = new IdentityLimits(Set.of(70), Set.of(0), Set.of(0), 0);
        for (int round = 0; round < 400; round++) {
            Path victim = files.get(random.nextInt(files.size()));
            byte[] whole = Files.readAllBytes(victim);
            byte[] damaged = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            Files.write(victim, damaged);
            assertThatCode(() -> readAll(limits))
                    .as("seed=%d round=%d file=%s", seed, round, victim)
                    .satisfiesAnyOf(
                            thrown -> assertThat(thrown).isNull(),
                            thrown -> assertThat(thrown).isInstanceOf(CheckpointException.class));
            Files.write(victim, whole);
        }
    }

    private void readAll(IdentityLimits limits) {
        ImageDirectory images = new ImageDirectory(directory);
        images.requireKnownFormat();
        images.tasks().forEach(TaskImage::pendingCounts);
        images.files();
        images.descriptors(70);
        images.memory(70);
        IdentityCheck.violations(images, limits);
    }
}
