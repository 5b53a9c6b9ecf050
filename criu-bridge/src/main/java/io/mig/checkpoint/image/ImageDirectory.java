package io.mig.checkpoint.image;

import com.google.protobuf.InvalidProtocolBufferException;
import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.image.proto.CriuImages;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * One directory of CRIU images, read on demand. Nothing is cached: each call reads the files it
 * needs, and a damaged, foreign or absurd one is a {@link CheckpointException} of phase {@link
 * Phase#IMAGE}. Edits replace whole files atomically and keep every field we do not know.
 */
public final class ImageDirectory {
    /** CRTOOLS_IMAGES_V1_1: with the common magic word. */
    private static final int IMAGE_VERSION = 2;

    private static final int MAX_TASKS = 50_000;
    private static final int MAX_THREADS = 100_000;
    private static final int TYPE_REGULAR = 1;
    private static final int PAGE_IN_PARENT = 1;
    private static final int PAGE_LAZY = 2;
    private static final int PAGE_PRESENT = 4;

    private final Path directory;

    public ImageDirectory(Path directory) {
        this.directory = Objects.requireNonNull(directory);
    }

    public Path directory() {
        return directory;
    }

    /** Refuses a directory whose inventory is not of the format we know. */
    public void requireKnownFormat() {
        List<CriuImages.Inventory> entries =
                ImageFile.read(
                        file(ImageType.INVENTORY),
                        ImageType.INVENTORY,
                        CriuImages.Inventory.parser());
        if (entries.size() != 1 || entries.getFirst().getImgVersion() != IMAGE_VERSION) {
            throw damaged(
                    "inventory",
                    "expected one entry of version " + IMAGE_VERSION + ", found " + entries);
        }
    }

    /** All processes, parents before their children. */
    public List<TaskImage> tasks() {
        List<CriuImages.PstreeEntry> tree =
                ImageFile.read(
                        file(ImageType.PSTREE), ImageType.PSTREE, CriuImages.PstreeEntry.parser());
        if (tree.isEmpty() || tree.size() > MAX_TASKS) {
            throw damaged("pstree", "processes=" + tree.size());
        }
        List<TaskImage> tasks = new ArrayList<>(tree.size());
        Set<Integer> seen = new HashSet<>();
        int threads = 0;
        for (CriuImages.PstreeEntry entry : tree) {
            threads += entry.getThreadsCount();
            if (entry.getPid() <= 0 || !seen.add(entry.getPid()) || threads > MAX_THREADS) {
                throw damaged("pstree", "pid=" + entry.getPid() + " threads=" + threads);
            }
            tasks.add(task(entry));
        }
        return tasks;
    }

    private TaskImage task(CriuImages.PstreeEntry entry) {
        CriuImages.Core leader = core(entry.getPid());
        CriuImages.TaskCore task = leader.getTc();
        List<ThreadImage> threads = new ArrayList<>();
        if (leader.hasThreadCore()) {
            threads.add(thread(entry.getPid(), leader));
            for (int tid : entry.getThreadsList()) {
                if (tid != entry.getPid()) {
                    threads.add(thread(tid, core(tid)));
                }
            }
        }
        return new TaskImage(
                entry.getPid(),
                entry.getPpid(),
                entry.getPgid(),
                entry.getSid(),
                task.getComm(),
                TaskImage.State.of(task.getTaskState()),
                task.getExitCode(),
                task.getStopSigno(),
                threads,
                signals(task.getSignalsS()));
    }

    private static ThreadImage thread(int tid, CriuImages.Core core) {
        CriuImages.ThreadCore thread = core.getThreadCore();
        return new ThreadImage(
                tid,
                thread.getComm(),
                thread.hasBlkSigset() ? thread.getBlkSigset() : core.getTc().getBlkSigset(),
                thread.getSeccompMode(),
                signals(thread.getSignalsP()),
                thread.hasCreds()
                        ? Optional.of(CredentialsImage.of(thread.getCreds()))
                        : Optional.empty());
    }

    private static List<PendingSignal> signals(CriuImages.SignalQueue queue) {
        return queue.getSignalsList().stream()
                .map(entry -> PendingSignal.of(entry.getSiginfo()))
                .flatMap(Optional::stream)
                .toList();
    }

    private CriuImages.Core core(int tid) {
        Path file = directory.resolve(ImageType.CORE.fileName(tid));
        List<CriuImages.Core> entries =
                ImageFile.read(file, ImageType.CORE, CriuImages.Core.parser());
        if (entries.isEmpty()) {
            throw damaged(file.getFileName().toString(), "no entry");
        }
        return entries.getFirst();
    }

    /** All open file descriptions, by id. */
    public Map<Integer, FileImage> files() {
        Map<Integer, CriuImages.TtyInfo> terminals = new HashMap<>();
        if (Files.exists(file(ImageType.TTY_INFO))) {
            ImageFile.read(
                            file(ImageType.TTY_INFO),
                            ImageType.TTY_INFO,
                            CriuImages.TtyInfo.parser())
                    .forEach(info -> terminals.put(info.getId(), info));
        }
        Map<Integer, FileImage> files = new HashMap<>();
        for (CriuImages.FileEntry entry : fileEntries()) {
            files.put(entry.getId(), file(entry, terminals));
        }
        return files;
    }

    private List<CriuImages.FileEntry> fileEntries() {
        return Files.exists(file(ImageType.FILES))
                ? ImageFile.read(
                        file(ImageType.FILES), ImageType.FILES, CriuImages.FileEntry.parser())
                : List.of();
    }

    private static FileImage file(
            CriuImages.FileEntry entry, Map<Integer, CriuImages.TtyInfo> terminals) {
        int id = entry.getId();
        if (entry.hasReg()) {
            return regular(id, entry.getReg());
        } else if (entry.hasPipe()) {
            return new FileImage.Pipe(id, entry.getPipe().getPipeId(), entry.getPipe().getFlags());
        } else if (entry.hasFifo()) {
            return new FileImage.Fifo(id, entry.getFifo().getPipeId(), entry.getFifo().getRegfId());
        } else if (entry.hasUsk()) {
            CriuImages.UnixSocket socket = entry.getUsk();
            return new FileImage.UnixSocket(
                    id, socket.getIno(), socket.getType(), socket.getState(), socket.getPeer());
        } else if (entry.hasTty()) {
            CriuImages.TtyInfo info =
                    terminals.getOrDefault(
                            entry.getTty().getTtyInfoId(), CriuImages.TtyInfo.getDefaultInstance());
            return new FileImage.Tty(
                    id,
                    entry.getTty().getFlags(),
                    info.getId(),
                    info.getRdev(),
                    info.getDev(),
                    info.hasPty() ? info.getPty().getIndex() : -1,
                    info.getSid(),
                    info.getPgrp());
        }
        return new FileImage.Other(id, entry.getType());
    }

    private static FileImage.Regular regular(int id, CriuImages.RegularFile file) {
        return new FileImage.Regular(
                id,
                "/" + file.getName().replaceFirst("^/+", ""),
                file.getFlags(),
                file.getPos(),
                file.hasSize() ? file.getSize() : -1,
                file.getMode());
    }

    /** Open descriptors of one process, empty when it shares none (a zombie). */
    public List<FdImage> descriptors(int pid) {
        int table = fileTable(pid);
        Path file = directory.resolve(ImageType.FDINFO.fileName(Integer.toUnsignedLong(table)));
        if (table == 0 || !Files.exists(file)) {
            return List.of();
        }
        return ImageFile.read(file, ImageType.FDINFO, CriuImages.FdInfo.parser()).stream()
                .map(
                        entry ->
                                new FdImage(
                                        entry.getFd(),
                                        entry.getId(),
                                        entry.getFlags(),
                                        entry.getType()))
                .toList();
    }

    private int fileTable(int pid) {
        CriuImages.Core core = core(pid);
        if (core.hasIds()) {
            return core.getIds().getFilesId();
        }
        Path ids = directory.resolve(ImageType.IDS.fileName(pid));
        return !Files.exists(ids)
                ? 0
                : ImageFile.read(ids, ImageType.IDS, CriuImages.KernelObjectIds.parser()).stream()
                        .findFirst()
                        .map(CriuImages.KernelObjectIds::getFilesId)
                        .orElse(0);
    }

    /** Sizes of one process's memory; empty when it has none in the images (a zombie). */
    public Optional<MemorySizes> memory(int pid) {
        Path file = directory.resolve(ImageType.PAGEMAP.fileName(pid));
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        long[] counts = new long[4];
        ImageFile.scan(
                file,
                ImageType.PAGEMAP,
                (index, bytes) -> {
                    count(index, bytes, counts);
                    return 0;
                });
        return Optional.of(new MemorySizes(counts[0], counts[1], counts[2], counts[3]));
    }

    private static void count(int index, byte[] bytes, long[] counts)
            throws InvalidProtocolBufferException {
        if (index == 0) {
            counts[0] =
                    Integer.toUnsignedLong(
                            ImageFile.parse(CriuImages.PagemapHead.parser(), bytes).getPagesId());
            return;
        }
        CriuImages.PagemapEntry entry = ImageFile.parse(CriuImages.PagemapEntry.parser(), bytes);
        long pages =
                entry.hasNrPages()
                        ? entry.getNrPages()
                        : Integer.toUnsignedLong(entry.getCompatNrPages());
        int flags = entry.getFlags() | (entry.getInParent() ? PAGE_IN_PARENT : 0);
        counts[1] += (flags & PAGE_PRESENT) != 0 ? pages : 0;
        counts[2] += (flags & PAGE_LAZY) != 0 ? pages : 0;
        counts[3] += (flags & PAGE_IN_PARENT) != 0 ? pages : 0;
    }

    /** Bytes of all files in the directory. */
    public long totalBytes() {
        long total = 0;
        try (DirectoryStream<Path> entries =
                Files.newDirectoryStream(directory, Files::isRegularFile)) {
            for (Path entry : entries) {
                total += Files.size(entry);
            }
            return total;
        } catch (IOException failed) {
            throw CheckpointException.failed(
                            Phase.IMAGE,
                            "cannot list images: directory=" + directory + " " + failed,
                            0)
                    .causedBy(failed);
        }
    }

    /**
     * Drops the recorded size of the chosen regular files, so that CRIU opens them again although
     * they have grown or shrunk since the dump (else: "has bad size").
     *
     * @return how many were changed; the file stays untouched when it is none
     */
    public int dropRecordedSizes(Predicate<FileImage.Regular> chosen) {
        List<CriuImages.FileEntry> edited = new ArrayList<>();
        int changed = 0;
        for (CriuImages.FileEntry entry : fileEntries()) {
            boolean drop =
                    entry.getType() == TYPE_REGULAR
                            && entry.getReg().hasSize()
                            && chosen.test(regular(entry.getId(), entry.getReg()));
            if (drop) {
                changed++;
                edited.add(
                        entry.toBuilder().setReg(entry.getReg().toBuilder().clearSize()).build());
            } else {
                edited.add(entry);
            }
        }
        if (changed > 0) {
            ImageFile.write(file(ImageType.FILES), ImageType.FILES, edited);
        }
        return changed;
    }

    private Path file(ImageType type) {
        return directory.resolve(type.fileName());
    }

    private CheckpointException damaged(String what, String why) {
        return CheckpointException.failed(
                Phase.IMAGE,
                "image is damaged or foreign: directory=" + directory + " file=" + what + " " + why,
                0);
    }
}
