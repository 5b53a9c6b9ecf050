package io.mig.home.journal;

import static io.mig.home.journal.JournalFixture.AWAY;
import static io.mig.home.journal.JournalFixture.FURTHER;
import static io.mig.home.journal.JournalFixture.HOME;
import static io.mig.home.journal.JournalFixture.intent;
import static io.mig.home.journal.JournalFixture.process;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JournalTest {
    @TempDir Path directory;

    private Journal journal;

    @BeforeEach
    void open() {
        journal = new Journal(directory.resolve("journal.db"), Clock.systemUTC());
        journal.open();
    }

    @AfterEach
    void close() {
        journal.close();
    }

    private void reopen() {
        close();
        open();
    }

    @Test
    void shouldChangeOwnerAndEpochWhenAMoveIsCommitted() {
        HomePid process = process(4711);
        MoveIntent first = intent(process, HOME, AWAY, 1);
        DeputyRecord deputy =
                DeputyRecord.planned(4711, process.startTicks(), "comm=xz\nend\n", List.of(0, 1));

        journal.begin(first);
        assertThat(journal.decision(first.move())).isEqualTo(Decision.INTENT);
        assertThat(journal.away()).isEmpty();
        journal.commit(first.move(), List.of(deputy));
        reopen();

        assertThat(journal.decision(first.move())).isEqualTo(Decision.COMMITTED);
        assertThat(journal.away())
                .singleElement()
                .satisfies(
                        record -> {
                            assertThat(record.owner()).isEqualTo(AWAY);
                            assertThat(record.epoch()).isEqualTo(new Epoch(1));
                            assertThat(record.deputies()).containsExactly(deputy);
                        });
    }

    @Test
    void shouldKeepDeputiesOverFurtherHopsAndHome() {
        HomePid process = process(5000);
        DeputyRecord deputy = DeputyRecord.planned(5000, process.startTicks(), "end\n", List.of());
        move(intent(process, HOME, AWAY, 1), List.of(deputy));
        journal.deputyReady(process, 5000);
        MoveIntent onwards = intent(process, AWAY, FURTHER, 2);
        journal.begin(onwards);
        journal.commit(onwards.move());
        MoveIntent back = intent(process, FURTHER, HOME, 3);
        journal.begin(back);
        journal.commit(back.move());

        assertThat(journal.away())
                .singleElement()
                .satisfies(
                        record -> {
                            assertThat(record.owner()).isEqualTo(HOME);
                            assertThat(record.epoch().value()).isEqualTo(3);
                            assertThat(record.deputies())
                                    .singleElement()
                                    .satisfies(kept -> assertThat(kept.ready()).isTrue());
                        });
    }

    @Test
    void shouldRefuseToCommitAnAbortedMoveAndToAbortACommittedOne() {
        MoveIntent aborted = intent(process(10), HOME, AWAY, 1);
        journal.begin(aborted);
        journal.abort(aborted.move(), "target is full");
        journal.abort(aborted.move(), "said twice");
        assertThatThrownBy(() -> journal.commit(aborted.move()))
                .isInstanceOfSatisfying(
                        DecisionRefusedException.class,
                        e -> assertThat(e.recorded()).isEqualTo(Decision.ABORTED));

        MoveIntent committed = intent(process(11), HOME, AWAY, 1);
        journal.begin(committed);
        journal.commit(committed.move());
        journal.commit(committed.move());
        assertThatThrownBy(() -> journal.abort(committed.move(), "too late"))
                .isInstanceOfSatisfying(
                        DecisionRefusedException.class,
                        e -> assertThat(e.recorded()).isEqualTo(Decision.COMMITTED));

        reopen();
        assertThat(journal.decision(aborted.move())).isEqualTo(Decision.ABORTED);
        assertThat(journal.decision(committed.move())).isEqualTo(Decision.COMMITTED);
    }

    @Test
    void shouldNeverCommitAMoveThatWasAbortedBeforeItBegan() {
        MoveIntent late = intent(process(12), HOME, AWAY, 1);
        assertThat(journal.decision(late.move())).isEqualTo(Decision.UNKNOWN);
        assertThatThrownBy(() -> journal.commit(late.move()))
                .isInstanceOf(DecisionRefusedException.class);

        journal.abort(late.move(), "nobody knows it");

        assertThat(journal.decision(late.move())).isEqualTo(Decision.ABORTED);
        assertThatThrownBy(() -> journal.begin(late)).isInstanceOf(DecisionRefusedException.class);
    }

    @Test
    void shouldRefuseAMoveThatDoesNotStartWhereTheProcessIs() {
        HomePid process = process(13);
        assertRefused(intent(process, AWAY, FURTHER, 1), "start at home");
        assertRefused(intent(process, HOME, AWAY, 2), "start at home");
        move(intent(process, HOME, AWAY, 1), List.of());
        assertRefused(intent(process, HOME, FURTHER, 2), "not the owner");
        assertRefused(intent(process, AWAY, FURTHER, 1), "not the next one");
        assertRefused(intent(process, AWAY, FURTHER, 3), "not the next one");
        journal.ended(process, OptionalInt.of(0));
        assertRefused(intent(process, AWAY, FURTHER, 2), "has ended");
    }

    @Test
    void shouldAllowOneMoveOfAProcessAtATime() {
        HomePid process = process(14);
        MoveIntent first = intent(process, HOME, AWAY, 1);
        MoveIntent second = intent(process, HOME, FURTHER, 1);
        journal.begin(first);
        assertThat(journal.begin(first).decision()).isEqualTo(Decision.INTENT);
        assertRefused(second, "under way");

        assertThat(journal.undecided())
                .extracting(record -> record.intent().move())
                .containsExactly(first.move());
        journal.abort(first.move(), "changed my mind");

        assertThat(journal.undecided()).isEmpty();
        move(second, List.of());
        assertThat(journal.process(process)).map(ProcessRecord::owner).contains(FURTHER);
    }

    @Test
    void shouldForgetAProcessWhoseOnlyMoveWasAborted() {
        MoveIntent intent = intent(process(15), HOME, AWAY, 1);
        journal.begin(intent);
        journal.abort(intent.move(), "no");
        assertThat(journal.process(process(15))).isEmpty();
        assertThat(journal.move(intent.move())).map(MoveRecord::note).contains("no");
    }

    @Test
    void shouldLetExactlyOneSideWinWhenCommitAndAbortRace() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 100; i++) {
                MoveIntent intent = intent(process(100 + i), HOME, AWAY, 1);
                journal.begin(intent);
                Future<Boolean> commit =
                        threads.submit(() -> succeeds(() -> journal.commit(intent.move())));
                Future<Boolean> abort =
                        threads.submit(() -> succeeds(() -> journal.abort(intent.move(), "race")));
                assertThat(commit.get()).isNotEqualTo(abort.get());
                assertThat(journal.decision(intent.move()))
                        .isEqualTo(commit.get() ? Decision.COMMITTED : Decision.ABORTED);
            }
        }
    }

    @Test
    void shouldRecordHowDeputiesAndProcessesEnd() {
        HomePid process = process(16);
        move(
                intent(process, HOME, AWAY, 1),
                List.of(
                        DeputyRecord.planned(16, 7, "end\n", List.of(0, 1, 2)),
                        DeputyRecord.planned(17, 8, "end\n", List.of())));

        journal.deputyEnded(process, 16, OptionalInt.of(256), OptionalInt.of(99));

        DeputyRecord ended = journal.process(process).orElseThrow().deputies().getFirst();
        assertThat(ended.ended()).isTrue();
        assertThat(ended.status()).hasValue(256);
        assertThat(ended.keeper()).hasValue(99);
        assertThat(journal.away()).hasSize(1);
        assertThat(journal.ended(process, OptionalInt.of(256))).isTrue();
        assertThat(journal.ended(process, OptionalInt.of(0))).isFalse();
        assertThat(journal.away()).isEmpty();
        assertThat(journal.process(process).orElseThrow().status()).hasValue(256);
    }

    @Test
    void shouldTellMovesAndEventsNewestFirstAndFiltered() {
        MoveIntent intent = intent(process(18), HOME, AWAY, 1);
        move(intent, List.of());
        MoveReport report =
                new MoveReport(
                        "dump",
                        List.of(
                                new MoveReport.Phase("freeze", Duration.ofNanos(204_000)),
                                new MoveReport.Phase("dump", Duration.ofMillis(25))),
                        123_456,
                        Duration.ofMillis(70),
                        Duration.ofMillis(300),
                        "runs on node2");
        journal.finish(intent.move(), report);
        journal.event(Optional.of(process(18)), "deputy-killed", "SIGKILL at home");
        journal.event(Optional.of(process(19)), "other", "of somebody else");
        journal.event(Optional.empty(), "started", "agent started");

        assertThat(journal.log(LogFilter.newest(100))).hasSize(4);
        List<LogEntry> mine = journal.log(LogFilter.of(process(18), 100));
        assertThat(mine).hasSize(2);
        assertThat(mine)
                .anySatisfy(
                        entry ->
                                assertThat(entry)
                                        .isInstanceOfSatisfying(
                                                LogEntry.Move.class,
                                                move -> {
                                                    assertThat(move.move().report())
                                                            .contains(report);
                                                    assertThat(move.move().intent())
                                                            .isEqualTo(intent);
                                                }));
        assertThat(journal.log(LogFilter.ofPid(18, 100))).hasSize(2);
        assertThat(journal.log(LogFilter.ofPid(8, 100))).isEmpty();
        assertThat(journal.log(LogFilter.newest(1))).hasSize(1);
        assertThatThrownBy(() -> journal.finish(MoveId.random(), report))
                .isInstanceOf(DecisionRefusedException.class);
    }

    @Test
    void shouldTurnAwayASecondAgent() {
        try (Journal second = new Journal(directory.resolve("journal.db"), Clock.systemUTC())) {
            assertThatThrownBy(second::open)
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("another agent has it open");
        }
    }

    @Test
    void shouldRefuseWorkAfterItWasClosed() {
        journal.close();
        assertThatThrownBy(() -> journal.away())
                .isInstanceOf(JournalException.class)
                .hasMessageContaining("closed");
    }

    private void move(MoveIntent intent, List<DeputyRecord> deputies) {
        journal.begin(intent);
        journal.commit(intent.move(), deputies);
    }

    private void assertRefused(MoveIntent intent, String why) {
        assertThatThrownBy(() -> journal.begin(intent))
                .isInstanceOf(DecisionRefusedException.class)
                .hasMessageContaining(why);
    }

    private static boolean succeeds(Runnable work) {
        try {
            work.run();
            return true;
        } catch (DecisionRefusedException e) {
            return false;
        }
    }
}
