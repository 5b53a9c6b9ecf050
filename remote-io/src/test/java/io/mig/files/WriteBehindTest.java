package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.mig.files.serve.Credentials;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests do not wait for home with each write, and nobody can tell. Requires root and FUSE. */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
final class WriteBehindTest {
    private final AtomicBoolean vouches = new AtomicBoolean(true);
    @TempDir Path directory;
    private Lab lab;
    private Guest guest;

    @BeforeEach
    void mount() throws IOException {
        lab =
                Lab.in(
                        directory,
                        (host, uid, gid) ->
                                vouches.get()
                                        ? Optional.of(new Credentials(uid, gid, new int[0]))
                                        : Optional.empty(),
                        true);
        guest = lab.mount(LabTree.AWAY, Duration.ofSeconds(30));
    }

    @AfterEach
    void unmount() throws IOException {
        if (lab != null) {
            lab.close();
        }
    }

    @Test
    void shouldShowNoMarkAtHomeBeforeWhatItMarks() throws Exception {
        Process looks =
                lab.atHome()
                        .start(
                                """
                                exec perl -e '
                                    my $early = 0;
                                    for my $i (1 .. 400) {
                                        1 until -e "mark$i";
                                        $early++ if -s "data$i" != 5000 || (stat("data$i"))[9] != 77;
                                    }
                                    print "early $early\\n"'
                                """);
        Process writes =
                guest.start(
                        """
                        exec perl -e '
                            for my $i (1 .. 400) {
                                open(my $f, ">", "data$i") or die; syswrite($f, "x" x 1000) for 1 .. 5;
                                utime(77, 77, $f); close($f);
                                open(my $m, ">", "mark$i") or die;
                            }'
                        """);
        assertThat(writes.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(writes.exitValue()).isZero();
        try (BufferedReader said = looks.inputReader()) {
            assertThat(said.readLine()).isEqualTo("early 0");
        }
    }

    @Test
    void shouldReadItsOwnWritesWhereverItLooks() {
        guest.sh(
                        """
                        perl -e '
                            for my $i (1 .. 300) {
                                open(my $f, "+>", "own") or die; syswrite($f, "a" x 700) for 1 .. $i % 9;
                                my $n = 700 * ($i % 9);
                                -s $f == $n or die "fstat $i"; -s "own" == $n or die "stat $i";
                                sysseek($f, 0, 0); sysread($f, my $all, 9000); length($all) == $n or die "read $i";
                                chmod(0600 + $i % 8, $f); ((stat $f)[2] & 07777) == 0600 + $i % 8 or die "chmod $i";
                                open(my $g, "<", "own") or die; sysread($g, $all, 9000) == $n or $n == 0 or die "other $i";
                                rename("own", "moved"); -s "moved" == $n or die "moved $i";
                            }'
                        """)
                .ok();
    }

    @Test
    void shouldWriteEveryByteOnceWhenHomeBeginsAnewAllTheTime() throws Exception {
        Process writer = guest.start(small("many", 40_000));
        // what makes a file is not repeated at a home that may have done it
        assertThat(writer.inputReader().readLine()).isEqualTo("open");
        int restarts = 0;
        while (!writer.waitFor(100, TimeUnit.MILLISECONDS) && restarts < 10) {
            lab.home().restartHome();
            // as with an agent that ends: nobody waits for an answer of the old one
            lab.hub().dropConnection(LabTree.HOME, LabTree.AWAY);
            restarts++;
        }
        assertThat(writer.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(writer.exitValue()).isZero();
        assertThat(restarts).isPositive();
        guest.settle();
        lab.atHome().sh("seq -w 40000 | cmp - many").ok();
    }

    @Test
    void shouldKeepWritesUntilHomeIsBack() throws Exception {
        guest.sh("echo > kept").ok();
        Process writer = guest.start(small("kept", 300) + "; echo written; read x");
        try (BufferedReader said = writer.inputReader();
                Writer tell = writer.outputWriter()) {
            assertThat(said.readLine()).isEqualTo("open");
            assertThat(said.readLine()).isEqualTo("written");
            lab.hub().cut(LabTree.HOME, LabTree.AWAY);
            lab.hub().heal();
            guest.settle();
            lab.atHome().sh("seq -w 300 | cmp - kept").ok();
            tell.write("\n");
        }
        assertThat(lab.tree(0).isSettled()).isTrue();
    }

    /** Writes numbers in lines of their own, each by one write(2). */
    private static String small(String name, int count) {
        return """
               perl -e '
                   open(my $f, ">", "NAME") or die; $| = 1; print "open\\n";
                   syswrite($f, sprintf("%0WIDTHd\n", $_)) or die "write: $!" for 1 .. COUNT;
                   close($f) or die "close: $!"'
               """
                .strip()
                .replace("NAME", name)
                .replace("WIDTH", String.valueOf(String.valueOf(count).length()))
                .replace("COUNT", String.valueOf(count));
    }

    @Test
    void shouldHearOfWhatFailedAfterwards() throws Exception {
        Process owner =
                guest.start(
                        """
                        exec perl -e '
                            use IO::Handle; $| = 1;
                            open(my $f, "+>", "refused") or die; syswrite($f, "x"); $f->sync;
                            print "open\\n"; <STDIN>;
                            print chmod(0640, $f) ? "changed" : "refused $!", "\\n"; <STDIN>;
                            print $f->sync ? "synced" : "failed", "\\n";
                            print $f->sync ? "synced" : "failed", "\\n"'
                        """);
        try (BufferedReader said = owner.inputReader();
                Writer tell = owner.outputWriter()) {
            assertThat(said.readLine()).isEqualTo("open");
            vouches.set(false);
            tell.write("\n");
            tell.flush();
            assertThat(said.readLine()).isEqualTo("changed");
            guest.settle();
            vouches.set(true);
            tell.write("\n");
            tell.flush();
            assertThat(said.readLine()).isEqualTo("failed");
            assertThat(said.readLine()).isEqualTo("synced");
        } finally {
            vouches.set(true);
        }
    }

    /** With little room each write waits for home's answer. */
    @Test
    void shouldFailAtOnceWhenThereIsNoRoomAtHome() throws IOException {
        Path small = Files.createDirectory(lab.root().resolve("small"));
        lab.atHome().sh("mount -t tmpfs -o size=8m none small").ok();
        try {
            assertThat(
                            guest.sh(
                                            "perl -e 'open(my $f, q(>), q(small/f)) or die; for (1 .. 300) {"
                                                    + " syswrite($f, q(x) x 65536) == 65536 or exit 3 }'")
                                    .status())
                    .isEqualTo(3);
            assertThat(Files.size(small.resolve("f"))).isEqualTo(8 << 20);
        } finally {
            guest.sh("rm -f small/f").ok();
            lab.home().restartHome();
            lab.atHome().sh("umount small").ok();
        }
    }

    @Test
    void shouldWriteInTheOrderOfTheGuestWhenTheLinkBreaksAllTheTime() throws Exception {
        Process writer =
                guest.start(
                        """
                        exec perl -e '
                            open(my $f, "+>", "order") or die;
                            for my $i (1 .. 20000) { sysseek($f, 8 * ($i % 50), 0); syswrite($f, sprintf("%08d", $i)) }'
                        """);
        int broken = 0;
        while (!writer.waitFor(15, TimeUnit.MILLISECONDS)) {
            lab.hub().dropConnection(LabTree.HOME, LabTree.AWAY);
            broken++;
        }
        assertThat(writer.exitValue()).isZero();
        assertThat(broken).isPositive();
        await().until(() -> lab.tree(0).isSettled());
        StringBuilder expected = new StringBuilder("%08d".formatted(20_000));
        for (int i = 19_951; i < 20_000; i++) {
            expected.append("%08d".formatted(i));
        }
        assertThat(lab.atHome().sh("cat order").ok()).isEqualTo(expected.toString());
    }
}
