package io.mig.pki;

import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tokens that were made, one file each: {@code ID} with lines {@code expires=} (epoch seconds),
 * {@code secret=}, {@code node=}; and {@code ID.used} as soon as one was used. Files are read each
 * time, because another process ({@code mig cluster token}) adds them.
 */
final class TokenStore {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");

    /** One known token; the secret in hex. */
    record Entry(Instant expires, String secret, Optional<NodeId> onlyFor) {}

    private final Path directory;
    private final InstantSource clock;

    TokenStore(Path directory, InstantSource clock) {
        this.directory = directory;
        this.clock = clock;
    }

    void add(JoinToken token, Optional<NodeId> onlyFor) throws IOException {
        forgetOld();
        PemFiles.write(
                directory.resolve(token.id()),
                "expires="
                        + token.expires().getEpochSecond()
                        + "\nsecret="
                        + token.secret()
                        + "\nnode="
                        + onlyFor.map(NodeId::name).orElse("")
                        + "\n",
                PemFiles.SECRET);
    }

    /**
     * @throws PkiException when there is no such token, or it is over or used
     */
    Entry find(String id) throws IOException {
        if (!ID.matcher(id).matches()) {
            throw new PkiException("this is no id of a join token");
        }
        Map<String, String> lines;
        try (Stream<String> text = Files.lines(directory.resolve(id))) {
            lines =
                    text.map(line -> line.split("=", 2))
                            .filter(pair -> pair.length == 2)
                            .collect(
                                    Collectors.toMap(
                                            pair -> pair[0], pair -> pair[1], (a, _) -> a));
        } catch (NoSuchFileException e) {
            throw new PkiException(
                    "join token id="
                            + id
                            + " is not known here: make a new one with \"mig cluster token\"",
                    e);
        }
        Instant expires = Instant.ofEpochSecond(Long.parseLong(lines.getOrDefault("expires", "0")));
        if (!clock.instant().isBefore(expires)) {
            throw new PkiException(
                    "join token id="
                            + id
                            + " expired at "
                            + expires
                            + ": make a new one with \"mig cluster token\"");
        }
        if (Files.exists(directory.resolve(id + ".used"))) {
            throw used(id);
        }
        String node = lines.getOrDefault("node", "");
        return new Entry(
                expires,
                lines.getOrDefault("secret", ""),
                node.isEmpty() ? Optional.empty() : Optional.of(new NodeId(node)));
    }

    /** Uses the token up; of two at the same time one wins. */
    void use(String id, NodeId node) throws IOException {
        Path file = directory.resolve(id + ".used");
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PemFiles.SECRET));
        } catch (FileAlreadyExistsException e) {
            throw used(id);
        }
        PemFiles.write(file, "node=" + node + "\nat=" + clock.instant() + "\n", PemFiles.SECRET);
    }

    private static PkiException used(String id) {
        return new PkiException(
                "join token id="
                        + id
                        + " was used before: make a new one for each node with \"mig cluster token\"");
    }

    /** Files of tokens that are over for a day say nothing any more. */
    private void forgetOld() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String id = file.getFileName().toString();
                if (ID.matcher(id).matches()
                        && Files.getLastModifiedTime(file)
                                .toInstant()
                                .isBefore(clock.instant().minusSeconds(30 * 86_400L))) {
                    Files.deleteIfExists(file);
                    Files.deleteIfExists(directory.resolve(id + ".used"));
                }
            }
        }
    }
}
