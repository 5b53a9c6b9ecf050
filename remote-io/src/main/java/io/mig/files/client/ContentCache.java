package io.mig.files.client;

import io.mig.files.wire.Limits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Programs and libraries of homes that were here before, under the SHA-256 of their contents: a
 * guest that comes again, or another with the same program, does not have them sent again. Bounded;
 * what was not used for longest goes first. Shared by all mounts of an agent. Thread-safe.
 *
 * <p>A hash is believed only after it was made here from what arrived, so no home can put anything
 * under the name of another's contents.
 */
public final class ContentCache implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ContentCache.class);
    private static final String PART = ".part";

    /** Part of what is free that may be used, so that a small disk is not filled. */
    private static final int SHARE = 8;

    /** Contents that are here, as long as somebody has them open. */
    final class Kept {
        private final String name;
        private final FileChannel channel;
        private final long size;
        // guarded by the cache
        private int users;

        private Kept(String name, FileChannel channel, long size) {
            this.name = name;
            this.channel = channel;
            this.size = size;
        }

        /**
         * Puts bytes into a buffer, as many as there are and fit.
         *
         * @throws IOException when the file here cannot be read; home can be asked instead
         */
        void read(ByteBuffer into, long offset) throws IOException {
            long at = offset;
            while (into.hasRemaining() && at < size) {
                int got = channel.read(into, at);
                if (got <= 0) {
                    throw new IOException("cached contents end early: file=" + name);
                }
                at += got;
            }
            served.addAndGet(at - offset);
        }

        long size() {
            return size;
        }

        void close() {
            release(this);
        }
    }

    private final Path directory;
    private final long limit;
    private final AtomicLong served = new AtomicLong();
    private final Map<String, Kept> open = new HashMap<>();
    private final Set<String> coming = new HashSet<>();
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(
                    Thread.ofPlatform().daemon().name("files-cache").factory());

    private ContentCache(Path directory, long limit) {
        this.directory = directory;
        this.limit = limit;
    }

    /**
     * @param directory made when missing; nobody else's files may be in it
     * @param limit how many bytes may be kept
     */
    public static ContentCache in(Path directory, long limit) throws IOException {
        Files.createDirectories(directory);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(f -> f.toString().endsWith(PART)).toList()) {
                Files.deleteIfExists(file);
            }
        }
        return new ContentCache(directory, limit);
    }

    /** Bytes that were read here instead of from home. */
    public long served() {
        return served.get();
    }

    /** The contents with a hash, if they are here; to be closed. */
    synchronized Optional<Kept> find(byte[] hash) {
        String name = HexFormat.of().formatHex(hash);
        Kept kept = open.get(name);
        if (kept == null) {
            try {
                kept = open(name);
            } catch (IOException e) {
                return Optional.empty();
            }
            open.put(name, kept);
        }
        kept.users++;
        return Optional.of(kept);
    }

    private Kept open(String name) throws IOException {
        Path file = directory.resolve(name);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return new Kept(name, channel, channel.size());
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private synchronized void release(Kept kept) {
        kept.users--;
        if (kept.users == 0) {
            open.remove(kept.name, kept);
            try {
                kept.channel.close();
            } catch (IOException e) {
                LOG.debug("cannot close: file={}", kept.name, e);
            }
        }
    }

    /**
     * Begins to keep contents, unless they are here or on their way.
     *
     * @return where to put them, in order; null when that is not wanted
     */
    @Nullable Incoming begin(byte[] hash, long size) {
        String name = HexFormat.of().formatHex(hash);
        if (size > Limits.MOST_KEPT || size > limit || Files.exists(directory.resolve(name))) {
            return null;
        }
        synchronized (this) {
            if (!coming.add(name)) {
                return null;
            }
        }
        try {
            makeRoom(size);
            return new Incoming(this, directory.resolve(name + PART), name, size);
        } catch (IOException e) {
            LOG.debug("contents are not kept: directory={} {}", directory, e.getMessage());
            ended(name);
            return null;
        }
    }

    /** Runs on the thread that writes contents. */
    void execute(Runnable task) {
        thread.execute(task);
    }

    /** Contents are complete and are what their hash says. */
    void keep(Path part, String name) throws IOException {
        Files.move(part, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    synchronized void ended(String name) {
        coming.remove(name);
    }

    private void makeRoom(long wanted) throws IOException {
        record Old(Path file, long size, FileTime used) {}
        List<Old> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(directory)) {
            for (Path file : all.toList()) {
                files.add(new Old(file, Files.size(file), Files.getLastModifiedTime(file)));
            }
        }
        files.sort(Comparator.comparing(Old::used));
        long have = files.stream().mapToLong(Old::size).sum();
        long free = Files.getFileStore(directory).getUsableSpace();
        long most = Math.min(limit, (have + free) / SHARE);
        if (wanted > most) {
            throw new IOException("too little room: bytes=" + wanted + " may be " + most);
        }
        for (Old old : files) {
            if (have + wanted <= most) {
                return;
            }
            // whoever has it open reads on
            Files.deleteIfExists(old.file());
            have -= old.size();
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
