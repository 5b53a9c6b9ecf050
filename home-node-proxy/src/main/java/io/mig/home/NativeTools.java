package io.mig.home;

import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The native programs of this node in one directory, and beside them the link {@code hull.sock} by
 * which a deputy finds its agent (it looks in the directory of its own program).
 *
 * @param directory readable for everybody: deputies run as their users
 */
public record NativeTools(Path directory) {
    public static final String DEPUTY = "mig-deputy";
    public static final String DEPUTISE = "mig-deputise";
    private static final String SOCKET_LINK = "hull.sock";
    private static final String RESOURCES = "/native/linux-x86_64/";

    /**
     * Unpacks programs from the class path, executable; those that are there in the same version
     * stay untouched. A program that runs is replaced, not overwritten: it goes on with its old
     * version.
     *
     * @param hullSocket where the agent listens for endpoints
     * @param names programs wanted, without those of this module (which always come)
     */
    public static NativeTools install(Path binDir, Path hullSocket, Collection<String> names) {
        try {
            Files.createDirectories(binDir);
            Files.setPosixFilePermissions(binDir, PosixFilePermissions.fromString("rwxr-xr-x"));
            removeLeftovers(binDir);
            for (String name : List.of(DEPUTY, DEPUTISE)) {
                unpack(binDir, name);
            }
            for (String name : names) {
                unpack(binDir, name);
            }
            link(binDir.resolve(SOCKET_LINK), hullSocket.toAbsolutePath());
            return new NativeTools(binDir.toRealPath());
        } catch (IOException e) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    "cannot install the native programs: directory="
                            + binDir
                            + ": "
                            + e
                            + "; check that it is writable and has room");
        }
    }

    public static NativeTools install(Path binDir, Path hullSocket) {
        return install(binDir, hullSocket, List.of());
    }

    /** The program with this name; whether it exists is the caller's business. */
    public Path tool(String name) {
        return directory.resolve(name);
    }

    /** What every deputy of this node executes. */
    public Path deputy() {
        return tool(DEPUTY);
    }

    public Path deputise() {
        return tool(DEPUTISE);
    }

    private static void unpack(Path binDir, String name) throws IOException {
        byte[] program;
        try (InputStream in = NativeTools.class.getResourceAsStream(RESOURCES + name)) {
            if (in == null) {
                throw new IOException(
                        "program "
                                + name
                                + " is not part of this build (no "
                                + RESOURCES
                                + name
                                + ")");
            }
            program = in.readAllBytes();
        }
        Path target = binDir.resolve(name);
        if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
                && Files.isExecutable(target)
                && Arrays.equals(Files.readAllBytes(target), program)) {
            return;
        }
        Path fresh = Files.createTempFile(binDir, name, ".new");
        try {
            Files.write(fresh, program);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.move(
                    fresh,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    /** Half-written files of an agent that was killed here. */
    private static void removeLeftovers(Path binDir) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(binDir, "*.new")) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void link(Path link, Path target) throws IOException {
        if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
            return;
        }
        Path fresh = link.resolveSibling(SOCKET_LINK + ".new");
        Files.deleteIfExists(fresh);
        Files.createSymbolicLink(fresh, target);
        Files.move(
                fresh, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
