package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ordinary programs in a mounted tree. Requires root and FUSE. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class ProgramsTest {
    @TempDir static Path directory;
    private static Lab lab;
    private static Guest guest;

    @BeforeAll
    static void mount() throws IOException {
        lab = Lab.in(directory);
        guest = lab.mount(LabTree.AWAY);
    }

    @AfterAll
    static void unmount() throws IOException {
        if (lab != null) {
            lab.close();
        }
    }

    private static boolean has(String program) {
        boolean found =
                Files.exists(Path.of("/usr/bin", program))
                        || Files.exists(Path.of("/bin", program));
        if (!found) {
            System.err.println("SKIPPED in part: there is no program " + program);
        }
        return found;
    }

    @Test
    void shouldShowHomesFilesWhenListedAndRead() throws IOException {
        Files.writeString(lab.root().resolve("greeting"), "hello from home\n");

        assertThat(guest.sh("ls && cat greeting").ok()).contains("greeting", "hello from home");
    }

    @Test
    void shouldLeaveTheSameBytesAtHomeWhenCopiedHereAndThere() {
        guest.sh("head -c 3000001 /dev/urandom > big && cp big copy && cmp big copy").ok();

        lab.atHome().sh("cmp big copy && test $(stat -c %s copy) = 3000001").ok();
    }

    @Test
    void shouldCompileAndRunWhenTheSourceIsAtHome() throws IOException {
        if (!has("gcc")) {
            return;
        }
        Files.writeString(
                lab.root().resolve("hello.c"),
                "#include <stdio.h>\nint main(void) { puts(\"compiled\"); return 0; }\n");

        assertThat(guest.sh("gcc hello.c -o hello && ./hello").ok()).isEqualTo("compiled\n");
        assertThat(lab.atHome().sh("./hello").ok()).isEqualTo("compiled\n");
    }

    @Test
    void shouldKeepARepositoryWholeWhenGitWorksInIt() {
        if (!has("git")) {
            return;
        }
        String commit =
                "git -c user.name=a -c user.email=a@b -c gc.auto=0 commit -q -m first --allow-empty";
        guest.sh(
                        "mkdir repo && cd repo && git init -q . && for i in $(seq 40);"
                                + " do echo $i > f$i; done && git add . && "
                                + commit
                                + " && git fsck --strict && git clone -q . ../clone")
                .ok();

        assertThat(lab.atHome().sh("cd clone && git -c safe.directory='*' status --porcelain").ok())
                .isEmpty();
    }

    @Test
    void shouldKeepADatabaseWholeWhenHomeAndGuestWriteIt() throws Exception {
        if (!has("sqlite3")) {
            return;
        }
        String begin = "sqlite3 -cmd '.timeout 20000' data.db ";
        guest.sh(begin + "'create table t(who text, n integer)'").ok();
        String insert =
                "for i in $(seq 12); do "
                        + begin
                        + "\"insert into t values('WHO', $i)\" || exit 1; done";
        Process other = lab.atHome().start(insert.replace("WHO", "home"));
        guest.sh(insert.replace("WHO", "guest")).ok();
        assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();

        String counted =
                begin
                        + "'select count(*), count(distinct who || n) from t; pragma integrity_check'";
        assertThat(guest.sh(counted).ok()).isEqualTo("24|24\nok\n");
        assertThat(lab.atHome().sh(counted).ok()).isEqualTo("24|24\nok\n");
    }

    @Test
    void shouldRunAProgramFromHomeWhenTheTargetDoesNotHaveIt() {
        guest.sh("cp /bin/ls program && ./program -d . && rm program").ok();
    }

    @Test
    void shouldKeepAttributesWhenAnArchiveIsUnpackedAndPackedAgain() {
        guest.sh(
                        "mkdir -p a/b && echo x > a/b/f && ln a/b/f a/g && ln -s b/f a/s && chmod 4750 a/g"
                                + " && touch -d '2001-02-03 04:05:06.789' a/b && tar cf a.tar a && mkdir u"
                                + " && tar xpf a.tar -C u && cd u && find a -printf '%p %m %y %n %T@ %l\\n'"
                                + " | sort > ../guest.txt")
                .ok();

        lab.atHome().sh("cd u && find a -printf '%p %m %y %n %T@ %l\\n' | sort > ../home.txt").ok();
        lab.atHome().sh("cmp guest.txt home.txt && grep -q 4750 home.txt").ok();
    }
}
