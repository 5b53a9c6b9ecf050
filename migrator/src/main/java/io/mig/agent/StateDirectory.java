package io.mig.agent;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The agent's state: its own business, except that users' processes execute the deputy that lies in
 * it.
 */
final class StateDirectory {
    /** Programs; what is in them decides who may. */
    private static final String PROGRAMS = "bin";

    private StateDirectory() {}

    /**
     * Makes it, passable for everybody and readable for nobody else.
     *
     * @throws ConfigException when users' processes could not get to what is in it: they would be
     *     lost when they become deputies
     */
    static void prepare(Path directory) throws IOException {
        Files.createDirectories(directory);
        try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
            for (Path each : all) {
                if (!each.endsWith(PROGRAMS) && !Files.isSymbolicLink(each)) {
                    boolean folder = Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS);
                    Files.setPosixFilePermissions(
                            each,
                            PosixFilePermissions.fromString(folder ? "rwx------" : "rw-------"));
                }
            }
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
        for (Path above = directory.toRealPath(); above != null; above = above.getParent()) {
            if (!Files.getPosixFilePermissions(above)
                    .contains(PosixFilePermission.OTHERS_EXECUTE)) {
                throw new ConfigException(
                        "state_dir="
                                + directory
                                + ": users cannot pass through "
                                + above
                                + ", so their processes could not become deputies there; chmod o+x "
                                + above
                                + " or choose another state_dir");
            }
        }
    }
}
