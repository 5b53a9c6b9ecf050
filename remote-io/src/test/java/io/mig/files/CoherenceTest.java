package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is changed in one place is seen in the others. Requires root and FUSE. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class CoherenceTest {
    @TempDir static Path directory;
    private static Lab lab;
    private static Guest here;
    private static Guest there;

    @BeforeAll
    static void mount() throws IOException {
        lab = Lab.in(directory);
        here = lab.mount(LabTree.AWAY);
        there = lab.mount(Lab.OTHER);
    }

    @AfterAll
    static void unmount() throws IOException {
        if (lab != null) {
            lab.close();
        }
    }

    /** Without asking for it to be closed and opened: told within moments, never after a minute. */
    private static void soon(Guest guest, String command, String expected) {
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(guest.sh(command).output()).isEqualTo(expected));
    }

    @Test
    void shouldSeeNewContentsAtOnceWhenHomeClosedThem() {
        for (int i = 0; i < 20; i++) {
            String text = "contents " + i;
            lab.atHome().sh("echo '" + text + "' > closed").ok();
            assertThat(here.sh("cat closed").ok()).isEqualTo(text + "\n");
        }
    }

    @Test
    void shouldSeeNewContentsAtOnceWhenAnotherHostClosedThem() {
        for (int i = 0; i < 20; i++) {
            there.sh("echo " + i + " > passed").ok();
            assertThat(here.sh("cat passed").ok()).isEqualTo(i + "\n");
            here.sh("echo back " + i + " > passed").ok();
            assertThat(there.sh("cat passed").ok()).isEqualTo("back " + i + "\n");
        }
    }

    @Test
    void shouldSeeAReplacedFileAtOnceWhenItWasRenamedOver() {
        for (int i = 0; i < 20; i++) {
            lab.atHome().sh("echo " + i + " > new && mv new replaced").ok();
            assertThat(here.sh("cat replaced").ok()).isEqualTo(i + "\n");
        }
    }

    @Test
    void shouldAlwaysFindAFileWhenHomeReplacesItAllTheTime() throws Exception {
        lab.atHome().sh("echo > busy").ok();
        Process replaces =
                lab.atHome()
                        .start(
                                "exec perl -e 'until (-e q(stop)) { open(my $f, q(>), q(next)); close($f);"
                                        + " rename(q(next), q(busy)); select(undef, undef, undef, 0.0003) }'");
        try {
            here.sh(
                            "perl -e 'for (1 .. 3000) { open(my $f, q(<), q(busy)) or die qq(round $_: $!) }'")
                    .ok();
        } finally {
            lab.atHome().sh("echo > stop").ok();
            assertThat(replaces.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void shouldSeeAttributesAndNamesSoonWhenHomeChangesThem() {
        lab.atHome().sh("mkdir names && echo 1 > names/old && chmod 644 names/old").ok();
        here.sh("ls names; cat names/absent; stat names/old").output();

        lab.atHome()
                .sh("chmod 600 names/old && echo 2 > names/absent && mv names/old names/other")
                .ok();

        soon(here, "cat names/absent", "2\n");
        soon(here, "stat -c %a names/other", "600\n");
        soon(here, "ls names", "absent\nother\n");
    }

    @Test
    void shouldFollowALogWhenHomeAppendsToIt() throws IOException {
        lab.atHome().sh("echo first > log").ok();
        Process reader = here.start("exec tail -f log");
        try {
            var lines = reader.inputReader();
            assertThat(lines.readLine()).isEqualTo("first");
            lab.atHome().sh("echo second >> log").ok();
            assertThat(lines.readLine()).isEqualTo("second");
        } finally {
            reader.destroyForcibly();
        }
    }

    @Test
    void shouldLoseNoLineWhenTwoGuestsAndHomeAppendToOneLog() throws Exception {
        String append =
                "for i in $(seq 150); do echo \"WHO $i aaaaaaaaaaaaaaaaaaaa\" >> all.log; done";
        Process first = here.start(append.replace("WHO", "here"));
        Process second = there.start(append.replace("WHO", "there"));
        lab.atHome().sh(append.replace("WHO", "home")).ok();
        assertThat(first.waitFor(40, TimeUnit.SECONDS)).isTrue();
        assertThat(second.waitFor(40, TimeUnit.SECONDS)).isTrue();

        String count = "wc -l < all.log; sort -u all.log | grep -c '^[a-z]* [0-9]* a\\{20\\}$'";
        assertThat(lab.atHome().sh(count).ok()).isEqualTo("450\n450\n");
        assertThat(here.sh(count).ok()).isEqualTo("450\n450\n");
    }

    @Test
    void shouldKeepOutWhoeverElseWantsALockWhenHomeHoldsIt() throws Exception {
        lab.atHome().sh("echo > locked").ok();
        Process holder = lab.atHome().start("exec flock locked sh -c 'echo held; cat'");
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            assertThat(here.sh("flock -n locked true").status()).isEqualTo(1);
            Process waiter = here.start("flock locked echo got");
            assertThat(waiter.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();

            holder.getOutputStream().close();

            assertThat(waiter.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(waiter.inputReader().readLine()).isEqualTo("got");
        } finally {
            holder.destroyForcibly();
        }
    }

    @Test
    void shouldKeepHomeOutWhenAGuestHoldsALock() throws Exception {
        lab.atHome().sh("echo > locked2").ok();
        Process holder = here.start("exec flock locked2 sh -c 'echo held; cat'");
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            assertThat(lab.atHome().sh("flock -n locked2 true").status()).isEqualTo(1);
            assertThat(there.sh("flock -n locked2 true").status()).isEqualTo(1);
        } finally {
            holder.destroyForcibly();
        }
        assertThat(lab.atHome().sh("flock -w 10 locked2 true").status()).isZero();
    }

    @Test
    void shouldSeeWhatWasWrittenUnderALockWhenItIsPassedOn() throws Exception {
        // each adds one to a number of fixed length, opened once: only the lock says when to look
        String count =
                "exec 3<> counter; for i in $(seq 60); do flock 3; read n < /proc/self/fd/3;"
                        + " printf '%08d' $((1$n - 100000000 + 1)) | dd of=/proc/self/fd/3 bs=8"
                        + " conv=notrunc status=none; flock -u 3; done";
        lab.atHome().sh("printf '%08d\\n' 0 > counter").ok();
        Process first = here.start(count);
        Process second = there.start(count);
        lab.atHome().sh(count).ok();
        assertThat(first.waitFor(40, TimeUnit.SECONDS)).isTrue();
        assertThat(second.waitFor(40, TimeUnit.SECONDS)).isTrue();

        assertThat(lab.atHome().sh("cat counter").ok()).isEqualTo("00000180\n");
        assertThat(here.sh("cat counter").ok()).isEqualTo("00000180\n");
    }

    @Test
    void shouldTellWhoReadAndWroteHowMuch() {
        here.sh("head -c 100000 /dev/zero > counted").ok();
        assertThat(lab.tree(0).stats().total().bytesWritten()).isGreaterThanOrEqualTo(100_000);
        assertThat(lab.tree(0).stats().callers())
                .anySatisfy(caller -> assertThat(caller.io().bytesWritten()).isEqualTo(100_000));
    }
}
