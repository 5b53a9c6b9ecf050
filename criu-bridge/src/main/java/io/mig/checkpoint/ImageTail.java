package io.mig.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The straightforward page transport: the pages are part of the images, in a directory on tmpfs,
 * and travel while CRIU is still writing it.
 *
 * <pre>
 *   while the dump works     pages-N.img           as far as they have grown (CRIU splices them front to back and
 *                                                  never goes back: criu/page-xfer.c)
 *   after it succeeded       rest of pages-N.img, then every other *.img; inventory.img last
 * </pre>
 *
 * <p>Other images are small, written through a buffer, and may be removed again (an empty one is
 * unlinked when it is closed), so they wait. Logs and statistics never travel. The inventory goes
 * last: a directory without one is no checkpoint, however it came to an end.
 */
public final class ImageTail implements PageTransport {
    private static final long PAUSE_NANOS = Duration.ofMillis(1).toNanos();
    private static final long FIRST_PAUSE_NANOS = 100_000;

    /** Below this an early range is not worth a message of its own. */
    private static final long WORTHWHILE_BYTES = 64 * 1024;

    private static final int MAX_FILES = 200_000;
    private static final String INVENTORY = "inventory.img";

    private enum State {
        DUMPING,
        FINISHED,
        ABORTED
    }

    private final Path directory;
    private final AtomicReference<State> state = new AtomicReference<>(State.DUMPING);
    private final Map<String, Growing> growing = new TreeMap<>();
    private volatile @Nullable Thread runner;

    /** A pages file that is followed. */
    private static final class Growing implements AutoCloseable {
        private final FileChannel channel;
        private long handedOver;

        Growing(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    public ImageTail(Path directory) {
        this.directory = Objects.requireNonNull(directory);
    }

    @Override
    public DumpRequest.Builder prepare(DumpRequest.Builder dump) {
        return dump;
    }

    @Override
    public void run(ImageSink sink) throws IOException {
        runner = Thread.currentThread();
        try {
            long pause = FIRST_PAUSE_NANOS;
            while (state.get() == State.DUMPING) {
                if (followPages(sink, WORTHWHILE_BYTES)) {
                    pause = FIRST_PAUSE_NANOS;
                    continue;
                }
                if (Thread.currentThread().isInterrupted()) {
                    throw new IOException(
                            "interrupted while following images, directory=" + directory);
                }
                LockSupport.parkNanos(pause);
                pause = Math.min(pause * 2, PAUSE_NANOS);
            }
            refuseWhenAborted();
            finish(sink);
        } finally {
            runner = null;
            for (Growing each : growing.values()) {
                each.close();
            }
        }
    }

    private void refuseWhenAborted() throws IOException {
        if (state.get() == State.ABORTED) {
            throw new IOException("the dump was given up, directory=" + directory);
        }
    }

    /** True when something was handed over. */
    private boolean followPages(ImageSink sink, long worthwhile) throws IOException {
        boolean moved = false;
        for (String name : names()) {
            if (isPages(name)) {
                Growing file = growing.get(name);
                if (file == null) {
                    file =
                            new Growing(
                                    FileChannel.open(
                                            directory.resolve(name), StandardOpenOption.READ));
                    growing.put(name, file);
                }
                moved |= handOver(sink, name, file, worthwhile);
            }
        }
        return moved;
    }

    private static boolean handOver(ImageSink sink, String name, Growing file, long worthwhile)
            throws IOException {
        long size = file.channel.size();
        long fresh = size - file.handedOver;
        if (fresh < 0) {
            throw new IOException(
                    "image file shrank while it was followed: file="
                            + name
                            + " sent="
                            + file.handedOver
                            + " size="
                            + size);
        }
        if (fresh == 0 || fresh < worthwhile) {
            return false;
        }
        sink.bytes(name, file.channel, file.handedOver, fresh);
        file.handedOver = size;
        return true;
    }

    private void finish(ImageSink sink) throws IOException {
        followPages(sink, 1);
        for (Map.Entry<String, Growing> each : growing.entrySet()) {
            refuseWhenAborted();
            sink.end(each.getKey(), each.getValue().handedOver);
        }
        for (String name : names()) {
            refuseWhenAborted();
            if (!isPages(name) && !name.equals(INVENTORY)) {
                handOverWhole(sink, name);
            }
        }
        if (!Files.exists(directory.resolve(INVENTORY))) {
            throw new IOException(
                    "no inventory: the dump left no complete images, directory=" + directory);
        }
        handOverWhole(sink, INVENTORY);
    }

    private void handOverWhole(ImageSink sink, String name) throws IOException {
        try (FileChannel channel =
                FileChannel.open(directory.resolve(name), StandardOpenOption.READ)) {
            long size = channel.size();
            if (size > 0) {
                sink.bytes(name, channel, 0, size);
            }
            sink.end(name, size);
        }
    }

    private List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.img")) {
            for (Path entry : entries) {
                names.add(entry.getFileName().toString());
                if (names.size() > MAX_FILES) {
                    throw new IOException(
                            "more than " + MAX_FILES + " image files, directory=" + directory);
                }
            }
        } catch (java.nio.file.DirectoryIteratorException failed) {
            throw failed.getCause();
        }
        names.sort(null);
        return names;
    }

    private static boolean isPages(String name) {
        return name.startsWith("pages-");
    }

    @Override
    public void dumpFinished() {
        end(State.FINISHED);
    }

    @Override
    public void abort() {
        // Also after dumpFinished: what is still on its way is not wanted any more.
        state.set(State.ABORTED);
        wake();
    }

    private void end(State next) {
        state.compareAndSet(State.DUMPING, next);
        wake();
    }

    private void wake() {
        Thread waiting = runner;
        if (waiting != null) {
            LockSupport.unpark(waiting);
        }
    }
}
