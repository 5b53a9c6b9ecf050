package io.mig.home.journal;

import static io.mig.home.journal.JournalFixture.AWAY;
import static io.mig.home.journal.JournalFixture.HOME;
import static io.mig.home.journal.JournalFixture.intent;
import static io.mig.home.journal.JournalFixture.process;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A journal on a bad or full disk. */
@Timeout(60)
class JournalDamageTest {
    @TempDir Path directory;

    @Test
    void shouldMoveABrokenFileAsideAndReportIt() throws Exception {
        Path file = directory.resolve("journal.db");
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            journal.open();
            for (int i = 0; i < 200; i++) {
                journal.event(Optional.empty(), "filler", "x".repeat(500));
            }
        }
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(4096 * 3);
            bytes.write("garbage ".repeat(3000).getBytes(UTF_8));
        }

        assertBegunAnew(file);
    }

    @Test
    void shouldMoveAFileAsideThatIsNoDatabase() throws IOException {
        Path file = directory.resolve("journal.db");
        Files.writeString(file, "this is not a database ".repeat(400));
        assertBegunAnew(file);
    }

    private void assertBegunAnew(Path file) throws IOException {
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            OpenReport report = journal.open();
            assertThat(report.movedAside())
                    .hasValueSatisfying(broken -> assertThat(broken).exists());
            assertThat(report.trouble()).isNotEmpty();
            assertThat(journal.log(LogFilter.newest(10)))
                    .anySatisfy(
                            entry ->
                                    assertThat(entry)
                                            .isInstanceOfSatisfying(
                                                    LogEntry.Event.class,
                                                    event ->
                                                            assertThat(event.kind())
                                                                    .isEqualTo("journal-broken")));
            MoveIntent intent = intent(process(7), HOME, AWAY, 1);
            journal.begin(intent);
            journal.commit(intent.move());
        }
    }

    @Test
    void shouldNotTouchAFileOfAnotherProgramOrANewerVersion() throws Exception {
        Path file = directory.resolve("journal.db");
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            journal.open();
        }
        execute(file, "PRAGMA user_version=99");
        assertRefused(file, "version=99");
        execute(file, "PRAGMA application_id=5");
        assertRefused(file, "another program");
    }

    private static void assertRefused(Path file, String why) {
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            assertThatThrownBy(journal::open)
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining(why);
        }
    }

    private static void execute(Path file, String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void shouldSayNotCommittedWhenTheDatabaseMayNotGrow() {
        Path file = directory.resolve("journal.db");
        MoveIntent intent = intent(process(8), HOME, AWAY, 1);
        DeputyRecord large = DeputyRecord.planned(8, 1, "x".repeat(60_000), List.of());
        try (Journal journal = new Journal(file, Clock.systemUTC(), List.of("max_page_count=40"))) {
            journal.open();
            journal.begin(intent);
            List<DeputyRecord> deputies =
                    List.of(
                            large,
                            DeputyRecord.planned(9, 1, "y".repeat(60_000), List.of()),
                            DeputyRecord.planned(10, 1, "z".repeat(60_000), List.of()));
            assertNotCommitted(() -> journal.commit(intent.move(), deputies));
            assertThat(journal.decision(intent.move())).isEqualTo(Decision.INTENT);
            assertThat(journal.away()).isEmpty();
            // what needs no new page still works
            journal.abort(intent.move(), "no room at home");
        }
        try (Journal journal = new Journal(file, Clock.systemUTC())) {
            journal.open();
            assertThat(journal.decision(intent.move())).isEqualTo(Decision.ABORTED);
        }
    }

    @Test
    void shouldGoOnWhenAFullDiskHasRoomAgain() throws Exception {
        Path mount = Files.createDirectory(directory.resolve("small"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=1m", "mig-journal-test", mount.toString())
                        == 0,
                "needs root to mount a small tmpfs: a full disk is not tested here");
        try (Journal elsewhere =
                new Journal(directory.resolve("elsewhere.db"), Clock.systemUTC())) {
            elsewhere.open(); // has SQLite's library unpacked there and not on the small disk
        }
        try {
            Path ballast = mount.resolve("ballast");
            MoveIntent first = intent(process(20), HOME, AWAY, 1);
            MoveIntent second = intent(process(21), HOME, AWAY, 1);
            try (Journal journal = new Journal(mount.resolve("journal.db"), Clock.systemUTC())) {
                journal.open();
                journal.begin(first);
                journal.begin(second);
                journal.commit(first.move());
                fill(ballast);
                assertNotCommitted(
                        () -> {
                            for (int i = 0; i < 1000; i++) {
                                journal.event(Optional.empty(), "filler", "x".repeat(4000));
                            }
                        });
                assertNotCommitted(() -> journal.commit(second.move()));
                assertThat(journal.decision(second.move())).isEqualTo(Decision.INTENT);

                Files.delete(ballast);

                journal.commit(second.move());
                assertThat(journal.away()).hasSize(2);
            }
            try (Journal journal = new Journal(mount.resolve("journal.db"), Clock.systemUTC())) {
                assertThat(journal.open().movedAside()).isEmpty();
                assertThat(journal.decision(second.move())).isEqualTo(Decision.COMMITTED);
            }
        } finally {
            assertThat(run("umount", mount.toString())).isZero();
        }
    }

    private static void assertNotCommitted(Runnable work) {
        assertThatThrownBy(work::run)
                .isInstanceOfSatisfying(
                        JournalException.class,
                        e -> assertThat(e.outcome()).isEqualTo(JournalException.Outcome.NOT_DONE))
                .hasMessageContaining("not committed: no room");
    }

    private static void fill(Path ballast) throws IOException {
        byte[] page = new byte[4096];
        try (OutputStream out = Files.newOutputStream(ballast)) {
            while (true) {
                out.write(page);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    private static int run(String... command) throws Exception {
        return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
    }
}
