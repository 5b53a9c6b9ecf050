package io.mig.migration.preflight;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * SHA-256 of files, remembered as long as size and times of a file stay the same: libraries are
 * compared again and again. Usable by any thread; files are hashed one at a time.
 */
public final class ContentHash {
    private static final int MOST_REMEMBERED = 4096;

    private record Known(Object fileKey, long size, long mtimeNanos) {}

    private final Map<Known, String> remembered =
            new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Known, String> eldest) {
                    return size() > MOST_REMEMBERED;
                }
            };

    /** Hash in hex; empty when the file cannot be read. */
    public synchronized Optional<String> of(Path file) {
        try {
            BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
            if (!a.isRegularFile()) {
                return Optional.empty();
            }
            Object key = a.fileKey() == null ? file : a.fileKey();
            var known =
                    new Known(
                            key,
                            a.size(),
                            a.lastModifiedTime().to(java.util.concurrent.TimeUnit.NANOSECONDS));
            String hash = remembered.get(known);
            if (hash == null) {
                hash = hash(file);
                remembered.put(known, hash);
            }
            return Optional.of(hash);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Drops the mismatches of the target that are none: files whose modification time differs but
     * whose content is the same here.
     *
     * @param root the tree's root as the source sees it: {@code /}, or {@code /proc/PID/root} for a
     *     guest
     */
    public List<FileMismatch> settle(List<FileMismatch> mismatches, Path root) {
        return mismatches.stream()
                .filter(
                        m ->
                                m.kind() != FileMismatch.Kind.CONTENT
                                        || !of(root.resolve(m.path().replaceFirst("^/+", "")))
                                                .map(m.contentHash()::equals)
                                                .orElse(false))
                .toList();
    }

    private static String hash(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
