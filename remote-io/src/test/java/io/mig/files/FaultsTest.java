package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Home goes away and comes back, with and without its memory. Requires root and FUSE. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class FaultsTest {
    @TempDir Path directory;
    private Lab lab;
    private Guest guest;

    @BeforeEach
    void mount() throws IOException {
        lab = Lab.in(directory);
        guest = lab.mount(LabTree.AWAY);
    }

    @AfterEach
    void unmount() throws IOException {
        if (lab != null) {
            lab.close();
        }
    }

    private void cut() {
        lab.hub().cut(LabTree.HOME, LabTree.AWAY);
    }

    @Test
    void shouldCopyEveryByteWhenTheLinkIsCutMeanwhile() throws Exception {
        lab.atHome().sh("head -c 40000000 /dev/urandom > original").ok();
        // not cp: that leaves the copying to home
        Process copy = guest.start("exec cat original > copy");
        for (int i = 0; i < 3 && !copy.waitFor(40, TimeUnit.MILLISECONDS); i++) {
            cut();
            copy.waitFor(150, TimeUnit.MILLISECONDS);
            lab.hub().heal();
        }
        assertThat(copy.waitFor(40, TimeUnit.SECONDS)).isTrue();
        assertThat(copy.exitValue()).isZero();
        guest.settle();
        lab.atHome().sh("cmp original copy").ok();
        guest.sh("cmp original copy").ok();
    }

    @Test
    void shouldDoEverythingOnceWhenConnectionsBreakAllTheTime() throws Exception {
        Process writer =
                guest.start(
                        "for i in $(seq 300); do echo $i >> log; mkdir dir$i || exit 1;"
                                + " mv dir$i moved$i || exit 2; rmdir moved$i || exit 3; done");
        int broken = 0;
        while (!writer.waitFor(15, TimeUnit.MILLISECONDS)) {
            lab.hub().dropConnection(LabTree.HOME, LabTree.AWAY);
            broken++;
        }
        assertThat(writer.exitValue()).as("after breaking %d times", broken).isZero();
        assertThat(broken).isGreaterThan(5);
        assertThat(lab.atHome().sh("seq 300 | cmp - log && ls").ok()).isEqualTo("log\n");
    }

    @Test
    void shouldFailWithAnErrorWhenHomeStaysAwayAndGoOnWhenItIsBack() throws IOException {
        Guest impatient = lab.mount(Lab.OTHER, Duration.ofMillis(700));
        impatient.sh("echo before > file").ok();
        lab.hub().cut(LabTree.HOME, Lab.OTHER);

        Guest.Ended ended =
                Guest.await(
                        List.of("cat", impatient.directory() + "/absent"), Duration.ofSeconds(60));

        assertThat(ended.status()).isNotZero();
        assertThat(ended.output()).contains("Input/output error");
        assertThat(lab.tree(1).stats().away()).isTrue();
        lab.hub().heal();
        await().atMost(Duration.ofSeconds(10)).until(() -> !lab.tree(1).stats().away());
        assertThat(impatient.sh("cat file").ok()).isEqualTo("before\n");
    }

    @Test
    void shouldEndAtOnceWhenAProgramIsKilledWhileHomeIsAway() throws Exception {
        cut();
        Process waiting = guest.start("exec cat absent");
        assertThat(waiting.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();

        waiting.destroyForcibly();

        // long before the operation itself is given up
        assertThat(waiting.waitFor(10, TimeUnit.SECONDS)).isTrue();
        lab.hub().heal();
    }

    @Test
    void shouldStopWaitingForALockWhenItIsInterrupted() throws Exception {
        lab.atHome().sh("echo > locked").ok();
        Process holder = lab.atHome().start("exec flock locked sh -c 'echo held; cat'");
        try {
            assertThat(holder.inputReader().readLine()).isEqualTo("held");
            Process waiting = guest.start("exec flock locked true");
            assertThat(waiting.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();
            waiting.destroy();
            assertThat(waiting.waitFor(5, TimeUnit.SECONDS)).isTrue();
        } finally {
            holder.destroyForcibly();
        }
    }

    @Test
    void shouldKeepOpenFilesAndLocksWhenHomesAgentBeginsAnew() throws Exception {
        lab.atHome().sh("seq 20000 > input; echo > locked; echo > output").ok();
        Process holder =
                guest.start(
                        "exec 3< input 4>> output; exec flock locked sh -c 'echo held; read go;"
                                + " cksum <&3; echo more >&4; echo done; read end'");
        try (BufferedReader lines = holder.inputReader()) {
            assertThat(lines.readLine()).isEqualTo("held");

            lab.home().restartHome();
            holder.outputWriter().append("go\n").flush();

            assertThat(lines.readLine() + "\n").isEqualTo(lab.atHome().sh("cksum < input").ok());
            assertThat(lines.readLine()).isEqualTo("done");
            assertThat(lab.atHome().sh("cat output").ok()).isEqualTo("\nmore\n");
            // the lock is taken again when its file is used again, at the latest
            assertThat(guest.sh("flock -n locked true").status()).isEqualTo(1);
        } finally {
            holder.destroyForcibly();
            holder.waitFor();
        }
        assertThat(guest.sh("ls | wc -l").ok()).isEqualTo("3\n");
    }
}
