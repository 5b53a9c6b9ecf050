package io.mig.migration.target;

import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How a capsule whose root is not the node's finds what it needs of the node: by descriptors that
 * its init keeps under fixed numbers (see {@code capsule.h}).
 *
 * @param tree directory that becomes the root
 * @param runDir the agent's run directory
 * @param shared folders of the node to be found under the same names in it
 */
public record CapsuleRoot(Path tree, Path runDir, List<String> shared) {
    /** The guests' cgroup. */
    static final Path CGROUP = Path.of("/proc/self/fd/292");

    private static final Path RUN_DIR = Path.of("/proc/self/fd/290");
    private static final Path CRIU_DIR = Path.of("/proc/self/fd/291");
    private static final String CRIU_CONFIG = "criu-home.conf";
    private static final String LOADER = "lib/ld-linux-x86-64.so.2";

    public CapsuleRoot {
        shared = List.copyOf(shared);
    }

    /** A path below the run directory as it is called inside. */
    Path inRunDir(Path path) {
        if (!path.startsWith(runDir)) {
            throw new IllegalArgumentException("path=" + path + " is outside runDir=" + runDir);
        }
        return RUN_DIR.resolve(runDir.relativize(path).toString());
    }

    /**
     * CRIU's configuration as it is called inside. Files are the home's own wherever the body is,
     * so reading each of them to compare build ids would only cost time.
     */
    String criuConfig() {
        return RUN_DIR.resolve(CRIU_CONFIG).toString();
    }

    /** Writes what {@link #criuConfig} names. */
    void writeCriuConfig() throws IOException {
        Files.writeString(runDir.resolve(CRIU_CONFIG), "file-validation filesize\n");
    }

    static Path criu(Path program) {
        return CRIU_DIR.resolve(String.valueOf(program.getFileName()));
    }

    /** Where CRIU and its loader are. */
    static Path criuDirectory(Path program) {
        Path directory = program.toAbsolutePath().getParent();
        if (directory == null || !ready(program)) {
            throw new RefusedException(
                    ErrorCode.REFUSED,
                    "home's files need a CRIU with its own loader and libraries, and criu="
                            + program
                            + " has no "
                            + LOADER
                            + " beside it; run 'mig doctor --fix'");
        }
        return directory;
    }

    /** Whether that CRIU can be started where the node's files are not. */
    public static boolean ready(Path program) {
        Path directory = program.toAbsolutePath().getParent();
        return directory != null && Files.isExecutable(directory.resolve(LOADER));
    }
}
