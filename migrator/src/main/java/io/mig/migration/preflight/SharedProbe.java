package io.mig.migration.preflight;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Proof that a folder is the same storage on two nodes: the source writes a file with a random name
 * and random content, the target finds it with the same inode number and content, which a copy that
 * something keeps in step would not have. Close it to remove the file.
 */
public final class SharedProbe implements AutoCloseable {
    private static final int RANDOM_BYTES = 16;
    private static final int MOST_BYTES = 128;
    private static final Pattern NAME = Pattern.compile("\\.mig-probe-[0-9a-f]{32}");
    private static final SecureRandom RANDOM = new SecureRandom();

    private final String folder;
    private final Path file;
    private final String secret;
    private final long inode;

    private SharedProbe(String folder, Path file, String secret, long inode) {
        this.folder = folder;
        this.file = file;
        this.secret = secret;
        this.inode = inode;
    }

    /** Source: writes the probe. */
    public static SharedProbe write(String folder) throws IOException {
        Path file = Path.of(folder, ".mig-probe-" + random());
        String secret = random();
        Files.write(
                file,
                secret.getBytes(StandardCharsets.US_ASCII),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
        return new SharedProbe(folder, file, secret, inode(file));
    }

    /** The shared folder that is probed. */
    public String folder() {
        return folder;
    }

    /** Name of the probe within the folder. */
    public String name() {
        return file.getFileName().toString();
    }

    /** What the target must find. */
    public String secret() {
        return secret;
    }

    /** Its inode number, as the source sees it. */
    public long inode() {
        return inode;
    }

    private static long inode(Path file) throws IOException {
        return (Long) Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Target: is the probe there?
     *
     * @param declared the folders that this node's own configuration declares as shared; others are
     *     never read
     */
    public static boolean found(
            List<String> declared, String folder, String name, String secret, long inode) {
        if (!declared.contains(folder) || !NAME.matcher(name).matches()) {
            return false;
        }
        try (var in = Files.newInputStream(Path.of(folder, name), LinkOption.NOFOLLOW_LINKS)) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.US_ASCII).equals(secret)
                    && inode(Path.of(folder, name)) == inode;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            Files.delete(file);
        } catch (NoSuchFileException e) {
            // Somebody tidied up before us.
            return;
        }
    }

    private static String random() {
        byte[] bytes = new byte[RANDOM_BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
