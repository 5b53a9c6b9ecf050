package io.mig.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.mig.load.DirtyMeter.Candidate;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class PageMarksTest {
    private static final long MIB = 1 << 20;

    /** Has 64 MiB and writes to the first 48 of them all the time, or to none. */
    private static final String PROGRAM =
            """
            $| = 1;
            my $s = 'x' x (64 << 20);
            print "ready\\n";
            while (1) {
                if ($ARGV[0]) { for (my $o = 0; $o < 48 << 20; $o += 4096) { substr($s, $o, 1) = 'y'; } }
                select(undef, undef, undef, 0.05);
            }
            """;

    @TempDir private Path proc = Path.of("");

    @Test
    void shouldTellWhoWritesFromWhoRestsOnThisKernel() throws IOException {
        assumeThat(Path.of("/usr/bin/perl")).as("the program is one of perl").exists();
        assumeThat(Path.of("/proc/self/clear_refs"))
                .as("a kernel with CONFIG_PROC_PAGE_MONITOR")
                .exists();

        // a busy machine may look seconds later; pages of libraries count with whoever uses them
        assertThat(measured("1")).isBetween(12.0 * MIB, 56.0 * MIB);
        assertThat(measured("0")).isLessThan(6.0 * MIB);
    }

    private static double measured(String writes) throws IOException {
        Process program = new ProcessBuilder("/usr/bin/perl", "-e", PROGRAM, writes).start();
        try (BufferedReader out = program.inputReader()) {
            assertThat(out.readLine()).isEqualTo("ready");
            DirtyMeter meter = new DirtyMeter(Runnable::run);
            Candidate it = new Candidate("it", List.of((int) program.pid()), 64 * MIB, true);
            return Awaitility.await()
                    .pollInterval(Duration.ofMillis(100))
                    .until(
                            () -> {
                                meter.look(List.of(it));
                                return meter.rate("it");
                            },
                            Optional::isPresent)
                    .orElseThrow()
                    .bytesPerSecond();
        } finally {
            program.destroyForcibly();
        }
    }

    @Test
    void shouldReadWhatWasTouched() throws IOException {
        Path directory = Files.createDirectories(proc.resolve("7"));
        Files.writeString(
                directory.resolve("smaps_rollup"),
                "55-7f ---p 00000000 00:00 0 [rollup]\nRss: 99 kB\nReferenced:        1234 kB\n");
        TouchedMarks marks = new TouchedMarks(proc);

        assertThat(marks.marked(7)).isEqualTo(1234 * 1024);
        Files.writeString(directory.resolve("clear_refs"), "");
        marks.clear(7);
        assertThat(directory.resolve("clear_refs")).hasContent("1");
        assertThatThrownBy(() -> marks.marked(8)).isInstanceOf(IOException.class);
        Files.writeString(directory.resolve("smaps_rollup"), "");
        assertThatThrownBy(() -> marks.marked(7)).hasMessageContaining("Referenced");
    }

    @Test
    void shouldCountPagesThatWereWrittenTo() throws IOException {
        Path directory = Files.createDirectories(proc.resolve("7"));
        Files.writeString(
                directory.resolve("maps"),
                """
                10000-12000 r-xp 00000000 08:01 99 /bin/it
                20000-24000 rw-p 00000000 00:00 0 [heap]
                """);
        try (RandomAccessFile pagemap =
                new RandomAccessFile(directory.resolve("pagemap").toFile(), "rw")) {
            page(pagemap, 0x10, 0x81); // written to, of a mapping that cannot be
            page(pagemap, 0x20, 0x80); // there, not written to
            page(pagemap, 0x21, 0x8180); // there and written to
            page(pagemap, 0x22, 0x0180); // written to and not there
            page(pagemap, 0x23, 0x8180);
        }
        SoftDirtyMarks marks = new SoftDirtyMarks(proc, 4096);

        assertThat(marks.marked(7)).isEqualTo(2 * 4096);
        Files.writeString(directory.resolve("clear_refs"), "");
        marks.clear(7);
        assertThat(directory.resolve("clear_refs")).hasContent("4");
        assertThat(marks.kept()).as("there is no self").isFalse();
        Files.createSymbolicLink(proc.resolve("self"), Path.of("7"));
        assertThat(marks.kept()).isTrue();
    }

    /**
     * @param bits 48 to 63 of the entry
     */
    private static void page(RandomAccessFile pagemap, long page, int bits) throws IOException {
        pagemap.seek(page * 8 + 6);
        pagemap.write(bits & 0xff);
        pagemap.write(bits >> 8);
    }

    @Test
    void shouldRefuseWhatIsNoMap() throws IOException {
        Path directory = Files.createDirectories(proc.resolve("7"));
        Files.writeString(directory.resolve("maps"), "nonsense\n");
        Files.writeString(directory.resolve("pagemap"), "");
        SoftDirtyMarks marks = new SoftDirtyMarks(proc, 4096);

        assertThatThrownBy(() -> marks.marked(7)).hasMessageContaining("no mapping");
        Files.writeString(directory.resolve("maps"), "1000-ffffffff00000 rw-p 00000000 00:00 0\n");
        assertThatThrownBy(() -> marks.marked(7)).hasMessageContaining("too much");
    }
}
