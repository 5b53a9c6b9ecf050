package io.mig.checkpoint;

import io.mig.checkpoint.criu.jna.ErrnoException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes and finds the cgroup v2 leaves in which trees are frozen. Leaves are ordinary directories
 * with a name of ours, so an agent that starts anew finds those of its predecessor ({@link
 * #leftovers}).
 *
 * <p>Thread-safe: it has no state but its location.
 */
public final class Freezer {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,100}");

    private final CgroupRoot root;
    private final Path base;

    /**
     * @param root where cgroup v2 is
     * @param baseName directory directly below the root that holds our leaves, made on demand
     */
    public Freezer(CgroupRoot root, String baseName) {
        this.root = Objects.requireNonNull(root);
        this.base = root.mountPoint().resolve(checked(baseName));
    }

    public static CgroupRoot discover() {
        return CgroupRoot.discover();
    }

    public CgroupRoot root() {
        return root;
    }

    /** Makes a new leaf in our own part of the hierarchy. */
    public Leaf create(String name) {
        try {
            Files.createDirectories(base);
        } catch (IOException failed) {
            throw cannotCreate(base, failed);
        }
        return createAt(base.resolve(checked(name)));
    }

    /**
     * Makes a new leaf inside the cgroup where {@code pid} lives now. Its limits go on applying and
     * the cgroup never looks empty to whoever manages it (systemd ends a scope whose cgroup is
     * empty). Falls back to {@link #create} when the cgroup cannot have one.
     */
    public Leaf createBelow(int pid, String name) {
        Optional<Path> home = root.pathOf(pid).flatMap(root::directory).filter(Files::isDirectory);
        if (home.isEmpty() || !isDomain(home.get())) {
            return create(name);
        }
        try {
            return createAt(home.get().resolve(checked(name)));
        } catch (CheckpointException notHere) {
            return create(name);
        }
    }

    /** An existing leaf. */
    public Leaf open(Path directory) {
        if (!directory.startsWith(root.mountPoint())
                || !Files.isRegularFile(directory.resolve("cgroup.freeze"))) {
            throw CheckpointException.failed(
                    Phase.FREEZE, "not a cgroup that can be frozen: path=" + directory, 0);
        }
        return new Leaf(directory);
    }

    /**
     * Leaves in our own part of the hierarchy, left behind by an agent that ended without cleaning
     * up.
     */
    public List<Leaf> leftovers() {
        List<Leaf> found = new ArrayList<>();
        if (Files.isDirectory(base)) {
            try (DirectoryStream<Path> entries =
                    Files.newDirectoryStream(base, Files::isDirectory)) {
                entries.forEach(directory -> found.add(new Leaf(directory)));
            } catch (IOException failed) {
                throw CheckpointException.failed(
                                Phase.FREEZE, "cannot list leaves: path=" + base + " " + failed, 0)
                        .causedBy(failed);
            }
        }
        return found;
    }

    private static Leaf createAt(Path directory) {
        try {
            Files.createDirectory(directory);
            if (!Files.exists(directory.resolve("cgroup.freeze"))) {
                Files.delete(directory);
                throw CheckpointException.failed(
                        Phase.FREEZE,
                        "this cgroup has no freezer: path="
                                + directory
                                + "; Linux 5.2 or newer with cgroup v2 is needed",
                        0);
            }
            return new Leaf(directory);
        } catch (FileAlreadyExistsException exists) {
            throw CheckpointException.failed(
                    Phase.FREEZE,
                    "cgroup exists already: path=" + directory + "; another move is using it",
                    0);
        } catch (IOException failed) {
            throw cannotCreate(directory, failed);
        }
    }

    /**
     * Threaded cgroups take single threads only, so no leaf for whole processes can live below one.
     */
    private static boolean isDomain(Path directory) {
        try {
            Path type = directory.resolve("cgroup.type");
            return !Files.exists(type) || Files.readString(type).strip().equals("domain");
        } catch (IOException gone) {
            return false;
        }
    }

    private static String checked(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a usable cgroup name: " + name);
        }
        return name;
    }

    private static CheckpointException cannotCreate(Path directory, IOException failed) {
        int errno = failed instanceof ErrnoException native_ ? native_.errno() : 0;
        return CheckpointException.failed(
                        Phase.FREEZE,
                        "cannot create cgroup: path=" + directory + " " + failed,
                        errno)
                .causedBy(failed);
    }
}
