package io.mig.migration.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.migration.preflight.FileMismatch.Kind;
import io.mig.migration.preflight.FileNeed.Access;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileCheckTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path root;

    private final ContentHash hash = new ContentHash();

    @BeforeEach
    void makeFiles() throws IOException {
        Files.createDirectories(root.resolve("lib"));
        Files.createDirectories(root.resolve("shared"));
        Files.writeString(root.resolve("lib/a.so"), "content");
        Files.writeString(root.resolve("shared/out"), "some");
    }

    private FileNeed need(String path, Access access, boolean shared) throws IOException {
        Map<String, Object> a =
                Files.readAttributes(
                        root.resolve(path.substring(1)),
                        "unix:mode,size,lastModifiedTime,ino,uid,gid,dev");
        return new FileNeed(
                path,
                access,
                "fd 3 of pid 1 (x)",
                shared,
                access == Access.READ && !shared ? number(a, "size") : -1,
                a.get("lastModifiedTime") instanceof FileTime t ? t.to(TimeUnit.NANOSECONDS) : 0,
                (int) number(a, "mode"),
                (int) number(a, "uid"),
                (int) number(a, "gid"),
                number(a, "dev"),
                number(a, "ino"));
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number n ? n.longValue() : 0;
    }

    private List<Kind> kinds(FileNeed need, String... proven) {
        return new FileCheck(root, hash)
                .compare(List.of(need), Set.of(proven)).stream().map(FileMismatch::kind).toList();
    }

    @Test
    void shouldAcceptSameFile() throws IOException {
        assertThat(kinds(need("/lib/a.so", Access.READ, false))).isEmpty();
        assertThat(kinds(need("/lib", Access.FOLDER, false))).isEmpty();
        assertThat(kinds(need("/shared/out", Access.WRITE, true), "/shared")).isEmpty();
    }

    @Test
    void shouldReportMissingTypeSizeAndPermissions() throws IOException {
        FileNeed need = need("/lib/a.so", Access.READ, false);
        Path file = root.resolve("lib/a.so");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(kinds(need)).containsExactly(Kind.PERMISSIONS);
        Files.writeString(file, "longer content");
        assertThat(kinds(need)).containsExactly(Kind.SIZE);
        Files.delete(file);
        assertThat(kinds(need)).containsExactly(Kind.MISSING);
        Files.createDirectory(file);
        assertThat(kinds(need)).containsExactly(Kind.TYPE);
    }

    @Test
    void shouldSettleOtherModificationTimeByContent() throws IOException {
        FileNeed need = need("/lib/a.so", Access.READ, false);
        Path file = root.resolve("lib/a.so");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1000));
        List<FileMismatch> mismatches = new FileCheck(root, hash).compare(List.of(need), Set.of());
        assertThat(mismatches).extracting(FileMismatch::kind).containsExactly(Kind.CONTENT);
        assertThat(new ContentHash().settle(mismatches, root)).isEmpty();
        Files.writeString(file, "CONTENT");
        assertThat(new ContentHash().settle(mismatches, root)).hasSize(1);
        Files.delete(file);
        assertThat(new ContentHash().settle(mismatches, root)).hasSize(1);
    }

    @Test
    void shouldNotBelieveInSharedStorageWithoutProof() throws IOException {
        FileNeed need = need("/shared/out", Access.WRITE, true);
        assertThat(kinds(need)).containsExactly(Kind.STORAGE);
        assertThat(kinds(need, "/share")).containsExactly(Kind.STORAGE);
        Files.delete(root.resolve("shared/out"));
        Files.writeString(root.resolve("shared/other"), "x");
        Files.writeString(root.resolve("shared/out"), "x");
        assertThat(kinds(need, "/shared").size()).isLessThanOrEqualTo(1);
        assertThat(kinds(need("/shared", Access.FOLDER, true))).containsExactly(Kind.STORAGE);
    }

    @Test
    void shouldAcceptGrowingFileOnSharedStorage() throws IOException {
        FileNeed need = need("/shared/out", Access.READ, true);
        Files.writeString(root.resolve("shared/out"), "some more");
        assertThat(kinds(need, "/shared")).isEmpty();
    }

    @Test
    void shouldProveSharedStorageByProbe() throws IOException {
        String folder = root.resolve("shared").toString();
        try (SharedProbe probe = SharedProbe.write(folder)) {
            assertThat(
                            SharedProbe.found(
                                    List.of(folder),
                                    probe.folder(),
                                    probe.name(),
                                    probe.secret(),
                                    probe.inode()))
                    .isTrue();
            assertThat(
                            SharedProbe.found(
                                    List.of(folder), folder, probe.name(), "wrong", probe.inode()))
                    .isFalse();
            assertThat(
                            SharedProbe.found(
                                    List.of("/other"),
                                    folder,
                                    probe.name(),
                                    probe.secret(),
                                    probe.inode()))
                    .isFalse();
            assertThat(
                            SharedProbe.found(
                                    List.of(folder),
                                    folder,
                                    probe.name(),
                                    probe.secret(),
                                    probe.inode() + 1))
                    .isFalse();
            assertThat(
                            SharedProbe.found(
                                    List.of(folder),
                                    folder,
                                    "../lib/a.so",
                                    "content",
                                    probe.inode()))
                    .isFalse();
            assertThat(
                            SharedProbe.found(
                                    List.of(folder),
                                    folder,
                                    ".mig-probe-" + "0".repeat(32),
                                    probe.secret(),
                                    probe.inode()))
                    .isFalse();
        }
        try (var left = Files.list(root.resolve("shared"))) {
            assertThat(left).extracting(p -> p.getFileName().toString()).containsExactly("out");
        }
    }
}
