package io.mig.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.support.CriuLab;
import io.mig.checkpoint.support.Workload;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ImageTailTest {
    @TempDir Path directory;

    @TempDir Path copies;

    /** Writes what arrives to a directory and remembers the order. */
    private static final class CopyingSink implements ImageSink {
        private final Path target;
        final List<String> events = Collections.synchronizedList(new ArrayList<>());

        CopyingSink(Path target) {
            this.target = target;
        }

        @Override
        public void bytes(String name, FileChannel source, long offset, long length)
                throws IOException {
            try (FileChannel copy =
                    FileChannel.open(
                            target.resolve(name),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE)) {
                assertThat(copy.size()).as("no gap in %s", name).isEqualTo(offset);
                copy.position(offset);
                assertThat(source.transferTo(offset, length, copy)).isEqualTo(length);
            }
            events.add("bytes " + name);
        }

        @Override
        public void end(String name, long size) {
            events.add("end " + name + " " + size);
        }
    }

    private static CompletableFuture<Void> runAsync(ImageTail tail, ImageSink sink) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        tail.run(sink);
                    } catch (IOException failed) {
                        throw new CompletionException(failed);
                    }
                });
    }

    @Test
    void shouldSendPagesBeforeTheDumpEndsAndTheInventoryLast() throws Exception {
        CopyingSink sink = new CopyingSink(copies);
        ImageTail tail = new ImageTail(directory);
        CompletableFuture<Void> run = runAsync(tail, sink);
        Path pages = directory.resolve("pages-1.img");
        byte[] part = new byte[100_000];

        Files.write(directory.resolve("dump.log"), part);
        Files.write(directory.resolve("core-7.img"), new byte[10]);
        Files.write(pages, part);
        await().until(() -> sink.events.contains("bytes pages-1.img"));
        assertThat(sink.events).containsOnly("bytes pages-1.img");
        Files.write(pages, new byte[10], StandardOpenOption.APPEND);
        Files.write(directory.resolve("inventory.img"), new byte[8]);
        tail.dumpFinished();
        run.get();

        assertThat(sink.events)
                .containsExactly(
                        "bytes pages-1.img",
                        "bytes pages-1.img",
                        "end pages-1.img 100010",
                        "bytes core-7.img",
                        "end core-7.img 10",
                        "bytes inventory.img",
                        "end inventory.img 8");
    }

    @Test
    void shouldFailWhenDumpIsGivenUpOrLeavesNoInventory() {
        ImageTail aborted = new ImageTail(directory);
        CompletableFuture<Void> run = runAsync(aborted, new CopyingSink(copies));
        aborted.abort();
        assertThatThrownBy(run::get).hasMessageContaining("given up");

        ImageTail incomplete = new ImageTail(directory);
        incomplete.dumpFinished();
        assertThatThrownBy(() -> incomplete.run(new CopyingSink(copies)))
                .hasMessageContaining("no inventory");
    }

    @Test
    void shouldDeliverARestorableCopyWhenFollowingARealDump() throws Exception {
        Path work = Files.createTempDirectory("mig-tail-");
        Path counter = work.resolve("counter");
        try (CriuLab lab = new CriuLab(work);
                Workload memory = Workload.ready(work, "memory", "64", counter.toString());
                CriuConnection criu = lab.criu()) {
            CopyingSink sink = new CopyingSink(copies);
            ImageTail tail = new ImageTail(lab.images);
            lab.freeze(memory.pid());
            CompletableFuture<Void> run = runAsync(tail, sink);
            boolean[] early = new boolean[1];
            criu.dump(
                    tail.prepare(lab.dumpOf(memory.pid())).build(),
                    notification -> {
                        if (notification.script().equals(CriuNotification.POST_DUMP)) {
                            early[0] =
                                    sink.events.stream()
                                            .anyMatch(event -> event.startsWith("bytes pages-"));
                        }
                    });
            tail.dumpFinished();
            run.get();

            assertThat(early[0]).as("pages travelled during the dump").isTrue();
            try (var files = Files.list(lab.images)) {
                for (Path file : files.filter(each -> each.toString().endsWith(".img")).toList()) {
                    assertThat(copies.resolve(file.getFileName())).hasSameBinaryContentAs(file);
                }
            }
            try (var capsule = lab.capsule()) {
                capsule.criu().restore(RestoreRequest.of(copies).build(), CheckpointListener.NONE);
                Workload.awaitTick(counter, 0);
            }
        } finally {
            try (var left = Files.walk(work)) {
                left.sorted(java.util.Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            }
        }
    }
}
