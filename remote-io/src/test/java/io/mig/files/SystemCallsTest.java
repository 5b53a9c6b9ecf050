package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same calls in a mounted tree and in a plain directory answer the same. Root and FUSE. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class SystemCallsTest {
    private static final int USER = 12321;
    private static final int OPERATIONS = Integer.getInteger("mig.files.fuzz.operations", 1500);
    private static final int SEED = Integer.getInteger("mig.files.fuzz.seed", 1);

    @TempDir static Path directory;
    private static Lab lab;
    private static Guest here;
    private static Guest there;
    private static Path plain;

    @BeforeAll
    static void mount() throws IOException {
        lab = Lab.in(directory);
        here = lab.mount(LabTree.AWAY);
        there = lab.mount(Lab.OTHER);
        plain = Files.createDirectory(directory.resolve("plain"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Compiled.program(directory, "syscalls");
        Compiled.program(directory, "fuzz");
    }

    @AfterAll
    static void unmount() throws IOException {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void shouldAnswerAsAPlainDirectoryWhenRootCalls() {
        String run = "mkdir all && " + directory + "/syscalls all";
        String expected = new Guest(plain).sh(run).ok();

        assertThat(expected.lines()).hasSizeGreaterThan(200);
        assertThat(here.sh(run).ok()).isEqualTo(expected);
    }

    @Test
    void shouldRefuseAsAPlainDirectoryWhenAnotherUserCalls() {
        String prepare =
                "mkdir o && mkdir -m 777 u && cd o && echo s > secret && chmod 600 secret"
                        + " && mkdir -m 700 closed && echo i > closed/inside && echo r > readonly"
                        + " && chmod 644 readonly && mkdir sticky && chmod 1777 sticky"
                        + " && echo t > sticky/theirs && cp /bin/true execonly && chmod 711 execonly"
                        + " && mkdir sgid && chgrp 4321 sgid && chmod 3777 sgid";
        new Guest(plain).sh(prepare).ok();
        lab.atHome().sh(prepare).ok();
        String run = directory + "/syscalls u ../o";
        String expected = new Guest(plain).shAs(USER, run).ok();

        assertThat(expected).contains("errno=13");
        assertThat(here.shAs(USER, run).ok()).isEqualTo(expected);
    }

    @Test
    void shouldKeepEveryByteWhenGuestsAndHomeHandAFileOver() {
        IntStream.range(SEED, SEED + 3)
                .forEach(
                        seed ->
                                here.sh(
                                                directory
                                                        + "/fuzz "
                                                        + seed
                                                        + " "
                                                        + OPERATIONS
                                                        + " fuzzed "
                                                        + lab.root()
                                                        + "/fuzzed "
                                                        + there.directory()
                                                        + "/fuzzed")
                                        .ok());
    }

    @Test
    void shouldKeepExtendedAttributesAndListsWhenAnArchiveIsUnpacked() {
        if (!Files.exists(Path.of("/usr/bin/tar"))) {
            return;
        }
        // made by calls, as setfattr and setfacl are not everywhere
        new Guest(plain).sh("mkdir x && " + directory + "/syscalls x > /dev/null").ok();
        String files = " moved d/inherits f sl";
        new Guest(plain).sh("cd x && tar --xattrs --acls -cf ../x.tar" + files).ok();

        here.sh("mkdir x && tar --xattrs --acls -xpf " + plain + "/x.tar -C x").ok();

        String list =
                "cd x && tar --xattrs --acls -cf - " + files + " | tar --xattrs --acls -tvvf -";
        assertThat(here.sh(list).ok()).contains("user.").isEqualTo(new Guest(plain).sh(list).ok());
    }
}
