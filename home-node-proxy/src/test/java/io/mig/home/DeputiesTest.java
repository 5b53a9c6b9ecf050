package io.mig.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.mig.home.journal.ProcessRecord;
import io.mig.home.relay.Frame;
import io.mig.home.relay.FrameType;
import io.mig.model.HomePid;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes become real deputies under a real shell; the test plays the body in the capsule.
 */
@Timeout(60)
class DeputiesTest {
    private static final DeputyConfig NO_STREAMS =
            new DeputyConfig("sleep", Map.of(), List.of(), OptionalInt.empty());

    @TempDir Path directory;

    private HomeRig rig;
    private Original original;

    @BeforeEach
    void start() throws Exception {
        rig = new HomeRig(directory);
        original = new Original();
    }

    @AfterEach
    void stop() {
        if (original != null) {
            original.close();
        }
        if (rig != null) {
            rig.close();
        }
    }

    @Test
    void shouldEndAsItsBodyDidAndTellTheShell() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            HomePid process = HomeRig.processOf(original.pid);
            await().untilAsserted(
                            () ->
                                    assertThat(
                                                    rig.journal
                                                            .process(process)
                                                            .orElseThrow()
                                                            .deputies()
                                                            .getFirst()
                                                            .ready())
                                            .isTrue());

            original.signal("USR1");
            Frame signal = take(capsule.received);
            assertThat(signal.type()).isEqualTo(FrameType.BODY_SIGNAL.code());
            assertThat(signal.payload().order(ByteOrder.LITTLE_ENDIAN).getInt()).isEqualTo(10);
            capsule.exit(7 << 8);
            capsule.event("event=empty\n");

            assertThat(original.status()).isEqualTo("status=7");
            assertThat(take(rig.news)).isEqualTo("ended " + original.pid + " " + (7 << 8));
            assertThat(take(rig.news)).isEqualTo("over " + original.pid + " " + (7 << 8));
            await().untilAsserted(() -> assertThat(rig.journal.away()).isEmpty());
            assertThat(rig.table.all()).isEmpty();
            assertThat(rig.journal.process(process).orElseThrow().status()).hasValue(7 << 8);
        }
    }

    @Test
    void shouldKillTheBodyWhenTheDeputyIsKilled() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            awaitReady();
            original.signal("KILL");

            assertThat(take(capsule.commands)).isEqualTo("pid=" + original.pid + " signal=9 gone");
            assertThat(original.status()).isEqualTo("status=137");
            assertThat(take(rig.news)).isEqualTo("killed " + original.pid);
            capsule.event("event=empty\n");
            assertThat(take(rig.news)).isEqualTo("over " + original.pid + " 9");
        }
    }

    @Test
    void shouldStopTheBodyWhenTheDeputyIsStoppedAndWakeTheDeputyWithTheBody() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            awaitReady();
            original.signal("STOP");
            assertThat(take(capsule.commands)).isEqualTo("pid=" + original.pid + " signal=19");
            assertThat(rig.state(original.pid)).isEqualTo('T');

            capsule.event("event=stopped pid=" + original.pid + " signal=19\n");
            await().until(() -> rig.table.all().iterator().next().state() == AwayState.STOPPED);
            capsule.event("event=continued pid=" + original.pid + "\n");

            await().until(() -> rig.state(original.pid) == 'S');
            assertThat(rig.table.all().iterator().next().state()).isEqualTo(AwayState.RUNNING);
        }
    }

    @Test
    void shouldNotTakeADeputysOwnStopForOneFromOutside() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            awaitReady();
            capsule.stopped(20);
            await().until(() -> rig.state(original.pid) == 'T');
            original.signal("CONT");
            Frame next = take(capsule.received);
            assertThat(next.type()).isEqualTo(FrameType.BODY_SIGNAL.code());
            assertThat(next.payload().order(ByteOrder.LITTLE_ENDIAN).getInt()).isEqualTo(18);
            // and a real one afterwards is seen: had the first been taken for one, its command
            // would come before
            original.signal("STOP");
            assertThat(take(capsule.commands)).isEqualTo("pid=" + original.pid + " signal=19");
            assertThat(capsule.commands).allMatch(c -> c.endsWith(" signal=9 gone"));
        }
    }

    @Test
    void shouldGoOnAfterTheAgentWasRestarted() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            awaitReady();
            HomePid process = HomeRig.processOf(original.pid);
            rig.crash();
            capsule.disconnect();
            original.signal("USR2");
            rig.boot();

            ProcessRecord record = rig.journal.away().getFirst();
            assertThat(rig.survey.of(record))
                    .containsExactly(new DeputyFinding.Deputy(original.pid));
            rig.host(process, capsule);
            capsule.connect();

            Frame signal = take(capsule.received);
            assertThat(signal.payload().order(ByteOrder.LITTLE_ENDIAN).getInt()).isEqualTo(12);
            capsule.exit(15);
            assertThat(original.status()).isEqualTo("status=143");
            assertThat(take(rig.news)).isEqualTo("ended " + original.pid + " 15");
        }
    }

    @Test
    void shouldNoticeAfterARestartThatADeputyWasKilledMeanwhile() throws Exception {
        try (FakeCapsule capsule = rig.sendAway(original.pid, NO_STREAMS)) {
            awaitReady();
            HomePid process = HomeRig.processOf(original.pid);
            rig.crash();
            capsule.disconnect();
            original.signal("KILL");
            assertThat(original.status()).isEqualTo("status=137");
            rig.boot();
            rig.host(process, capsule);
            capsule.connect();
            assertThat(take(capsule.commands)).isEqualTo("pid=" + original.pid + " signal=9 gone");
            assertThat(take(rig.news)).isEqualTo("killed " + original.pid);
        }
    }

    @Test
    void shouldFindTheFrozenOriginalWhenTheAgentDiedBeforeItWasDeputised() throws Exception {
        HomePid process = HomeRig.processOf(original.pid);
        rig.freeze(original.pid);
        rig.commit(process, NO_STREAMS);
        rig.crash();
        rig.boot();
        ProcessRecord record = rig.journal.away().getFirst();
        assertThat(rig.survey.of(record))
                .containsExactly(new DeputyFinding.Original(original.pid, true));

        assertThat(rig.deputise(process, List.of()))
                .containsExactly(new DeputyOutcome.Done(original.pid));
        assertThat(rig.survey.of(record)).containsExactly(new DeputyFinding.Deputy(original.pid));
        assertThat(rig.deputise(process, List.of()))
                .containsExactly(new DeputyOutcome.Done(original.pid));
        awaitReady();
        original.signal("KILL");
        assertThat(original.status()).isEqualTo("status=137");
        assertThat(rig.survey.of(record))
                .containsExactly(new DeputyFinding.Gone(original.pid, false));
    }

    @Test
    void shouldLetAnotherProcessNotSpeakForADeputy() throws Exception {
        // the test itself connects and claims to be the deputy of a process that is away
        HomePid process = HomeRig.processOf(original.pid);
        rig.freeze(original.pid);
        rig.commit(process, NO_STREAMS);
        assertThat(
                        HullClient.helloIsRefused(
                                rig.socket, "version=1\nrole=deputy\npid=" + original.pid + "\n"))
                .isTrue();
        assertThat(
                        HullClient.helloIsRefused(
                                rig.socket,
                                "version=1\nrole=keeper\npid="
                                        + original.pid
                                        + "\nself="
                                        + ProcessHandle.current().pid()
                                        + "\n"))
                .isTrue();
        assertThat(HullClient.helloIsRefused(rig.socket, "version=1\nrole=deputy\npid=1234567\n"))
                .isTrue();
        assertThat(HullClient.helloIsRefused(rig.socket, "nonsense")).isTrue();
    }

    @Test
    void shouldKeepTheFaceOfAJobTowardsAnInteractiveShellOnItsTerminal() throws Exception {
        try (PtyShell shell = new PtyShell(directory)) {
            shell.type("sleep 1000 & echo pid:$!:");
            int pid = Integer.parseInt(shell.shows("pid:(\\d+):").group(1));
            try (FakeCapsule capsule =
                    rig.sendAway(
                            pid,
                            new DeputyConfig(
                                    "sleep",
                                    Map.of(),
                                    List.of(new DeputyConfig.Stream(0, StreamKind.TTY, 0, false)),
                                    OptionalInt.empty()))) {
                awaitReady();
                shell.type("fg");
                awaitForeground(capsule);
                // Ctrl-Z: the kernel tells the deputy, the body stops, the deputy stops, the shell
                // says so
                shell.type("^Z");
                assertThat(signalOf(capsule)).isEqualTo(20);
                capsule.stopped(20);
                shell.shows("Stopped");
                shell.type("fg");
                assertThat(signalOf(capsule)).isEqualTo(18);
                shell.type("^C");
                assertThat(signalOf(capsule)).isEqualTo(2);
                capsule.exit(2);
                shell.shows("ready> ");
                shell.type("echo status=$?=");
                assertThat(shell.shows("status=(\\d+)=").group(1)).isEqualTo("130");
                assertThat(rig.news.poll(20, TimeUnit.SECONDS)).isEqualTo("ended " + pid + " 2");
                assertThat(capsule.commands).allMatch(c -> c.endsWith(" signal=9 gone"));
            }
        }
    }

    /** Waits until the deputy has told that its group is the terminal's foreground group. */
    private static void awaitForeground(FakeCapsule capsule) throws InterruptedException {
        while (true) {
            Frame frame = take(capsule.received);
            if (frame.type() == FrameType.TTY_FG.code() && frame.payload().get(2) == 1) {
                return;
            }
        }
    }

    private static int signalOf(FakeCapsule capsule) throws InterruptedException {
        while (true) {
            Frame frame = take(capsule.received);
            if (frame.type() == FrameType.BODY_SIGNAL.code()) {
                return frame.payload().order(ByteOrder.LITTLE_ENDIAN).getInt();
            }
        }
    }

    private void awaitReady() {
        await().atMost(Duration.ofSeconds(20))
                .until(
                        () ->
                                rig.table.all().stream()
                                        .allMatch(record -> record.deputies().getFirst().ready()));
    }

    private static <T> T take(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("something within 20 s").isNotNull();
        return Objects.requireNonNull(next);
    }
}
