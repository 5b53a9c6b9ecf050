package io.mig.migration.preflight;

import io.mig.migration.preflight.FileMismatch.Kind;
import io.mig.migration.preflight.FileNeed.Access;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The target's side of the comparison: does it have the files that a tree needs? Needs come from
 * another node: they are only ever looked at with stat(2) and, for files of equal size, hashed.
 */
public final class FileCheck {
    private static final int TYPE_MASK = 0170000;
    private static final int PERMISSION_MASK = 07777;
    private static final int DIRECTORY = 0040000;
    private static final int REGULAR = 0100000;

    private final Path root;
    private final ContentHash hash;

    /**
     * @param root where the node's file tree is, {@code /} outside tests
     * @param hash hashes files that differ in their modification time only
     */
    public FileCheck(Path root, ContentHash hash) {
        this.root = root;
        this.hash = hash;
    }

    private record Seen(int mode, long size, long mtimeNanos, long ino, int uid, int gid) {}

    /**
     * What is different here.
     *
     * @param provenShared folders that {@link SharedProbe} has shown to be the same storage here
     */
    public List<FileMismatch> compare(List<FileNeed> needs, Set<String> provenShared) {
        List<FileMismatch> mismatches = new ArrayList<>();
        for (FileNeed need : needs) {
            one(need, provenShared).ifPresent(mismatches::add);
        }
        return mismatches;
    }

    private Optional<FileMismatch> one(FileNeed need, Set<String> provenShared) {
        Optional<Seen> found = stat(need.path());
        if (found.isEmpty()) {
            return mismatch(need, Kind.MISSING, "it does not exist there");
        }
        Seen seen = found.get();
        int type = seen.mode() & TYPE_MASK;
        int wanted = need.access() == Access.FOLDER ? DIRECTORY : need.mode() & TYPE_MASK;
        if (type != wanted) {
            return mismatch(
                    need,
                    Kind.TYPE,
                    "it is " + type(type) + " there, and " + type(wanted) + " here");
        }
        return switch (need.access()) {
            case KERNEL -> Optional.empty();
            case FOLDER ->
                    need.sharedStorage()
                            ? storage(need, seen, provenShared)
                            : permissions(need, seen);
            case WRITE -> storage(need, seen, provenShared);
            case READ ->
                    need.sharedStorage() ? storage(need, seen, provenShared) : content(need, seen);
        };
    }

    private static Optional<FileMismatch> storage(
            FileNeed need, Seen seen, Set<String> provenShared) {
        boolean proven =
                provenShared.stream().anyMatch(f -> PreflightPolicy.inside(f, need.path()));
        if (!proven) {
            return mismatch(need, Kind.STORAGE, "its folder is not the same storage there");
        }
        // Equal inode numbers do not prove one storage, but different ones disprove it.
        return seen.ino() == need.ino()
                ? Optional.empty()
                : mismatch(
                        need,
                        Kind.STORAGE,
                        "that name leads to another file there (inode "
                                + seen.ino()
                                + ", here "
                                + need.ino()
                                + ")");
    }

    private static Optional<FileMismatch> permissions(FileNeed need, Seen seen) {
        int here = need.mode() & PERMISSION_MASK;
        int there = seen.mode() & PERMISSION_MASK;
        boolean owner = need.uid() < 0 || (need.uid() == seen.uid() && need.gid() == seen.gid());
        if (here != there || !owner) {
            return mismatch(
                    need,
                    Kind.PERMISSIONS,
                    "it has owner "
                            + seen.uid()
                            + ":"
                            + seen.gid()
                            + " and mode "
                            + Integer.toOctalString(there)
                            + " there, and "
                            + need.uid()
                            + ":"
                            + need.gid()
                            + " and "
                            + Integer.toOctalString(here)
                            + " here");
        }
        return Optional.empty();
    }

    private Optional<FileMismatch> content(FileNeed need, Seen seen) {
        if ((seen.mode() & TYPE_MASK) == REGULAR
                && need.size() >= 0
                && seen.size() != need.size()) {
            return mismatch(
                    need,
                    Kind.SIZE,
                    "it has " + seen.size() + " bytes there, and " + need.size() + " here");
        }
        Optional<FileMismatch> permissions = permissions(need, seen);
        if (permissions.isPresent() || seen.mtimeNanos() == need.mtimeNanos()) {
            return permissions;
        }
        Optional<String> here = hash.of(resolve(need.path()));
        return here.isEmpty()
                ? mismatch(need, Kind.MISSING, "it cannot be read there")
                : Optional.of(
                        new FileMismatch(
                                need.path(),
                                need.access(),
                                Kind.CONTENT,
                                "its content is different there",
                                here.get()));
    }

    private static Optional<FileMismatch> mismatch(FileNeed need, Kind kind, String detail) {
        return Optional.of(new FileMismatch(need.path(), need.access(), kind, detail, ""));
    }

    private Path resolve(String path) {
        return root.resolve(path.replaceFirst("^/+", ""));
    }

    private Optional<Seen> stat(String path) {
        try {
            Map<String, Object> a =
                    Files.readAttributes(
                            resolve(path), "unix:mode,size,lastModifiedTime,ino,uid,gid");
            return Optional.of(
                    new Seen(
                            (int) number(a, "mode"),
                            number(a, "size"),
                            a.get("lastModifiedTime") instanceof FileTime t
                                    ? t.to(TimeUnit.NANOSECONDS)
                                    : 0,
                            number(a, "ino"),
                            (int) number(a, "uid"),
                            (int) number(a, "gid")));
        } catch (IOException | SecurityException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number n ? n.longValue() : 0;
    }

    private static String type(int type) {
        return switch (type) {
            case DIRECTORY -> "a folder";
            case REGULAR -> "a file";
            default -> "neither file nor folder";
        };
    }
}
