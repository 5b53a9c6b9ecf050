package io.mig.files.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Contents on their way into a {@link ContentCache}. Used by one thread at a time. */
final class Incoming {
    private static final Logger LOG = LoggerFactory.getLogger(Incoming.class);

    private final ContentCache cache;
    private final Path part;
    private final String name;
    private final long size;
    private final FileChannel channel;
    private final MessageDigest digest;
    private long have;

    Incoming(ContentCache cache, Path part, String name, long size) throws IOException {
        this.cache = cache;
        this.part = part;
        this.name = name;
        this.size = size;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        channel =
                FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE);
    }

    long have() {
        return have;
    }

    boolean complete() {
        return have == size;
    }

    /** The next bytes. */
    void add(ByteBuffer bytes) throws IOException {
        if (bytes.remaining() > size - have) {
            throw new IOException("more than its size=" + size);
        }
        digest.update(bytes.duplicate());
        have += bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Keeps it if it is what its hash says, otherwise nothing stays. */
    void end() {
        try {
            channel.close();
            if (complete() && HexFormat.of().formatHex(digest.digest()).equals(name)) {
                cache.keep(part, name);
            }
            Files.deleteIfExists(part);
        } catch (IOException e) {
            LOG.warn("contents are not kept: file={} {}", part, e.getMessage());
        } finally {
            cache.ended(name);
        }
    }
}
