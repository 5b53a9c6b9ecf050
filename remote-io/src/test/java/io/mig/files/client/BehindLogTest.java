package io.mig.files.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log that is read as after a crash at every moment. */
final class BehindLogTest {
    @SuppressWarnings("ArrayRecordComponent")
    private record Kept(BehindLog.Entry entry, byte[] bytes) {}

    @TempDir Path directory;

    private static byte[] random(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static BehindLog.@Nullable Entry add(BehindLog log, long number, byte[] bytes) {
        int head = Math.min(bytes.length, 40);
        return log.add(
                number,
                -number,
                ByteBuffer.wrap(bytes, 0, head),
                ByteBuffer.wrap(bytes, head, bytes.length - head));
    }

    private static byte[] read(BehindLog log, BehindLog.Entry entry) {
        byte[] bytes = new byte[entry.length()];
        log.frame(entry).get(bytes);
        return bytes;
    }

    @Test
    void shouldFindWhatIsNotDoneInOrderAfterEachStep() throws IOException {
        Path file = directory.resolve("log");
        BehindLog log = BehindLog.begin(file);
        Random random = new Random(7);
        Deque<Kept> expected = new ArrayDeque<>();
        long number = 0;
        int refused = 0;
        for (int step = 0; step < 3000; step++) {
            if (random.nextInt(100) < 55) {
                boolean large = random.nextInt(8) == 0;
                byte[] bytes = random(random, 40 + random.nextInt(large ? 1_000_000 : 9000));
                BehindLog.Entry entry = add(log, ++number, bytes);
                if (entry == null) {
                    refused++;
                } else {
                    expected.add(new Kept(entry, bytes));
                }
            } else if (!expected.isEmpty()) {
                log.done(expected.remove().entry());
            }
            if (step % 7 == 0) {
                same(file, expected);
            }
        }
        assertThat(refused).isPositive();
        while (!expected.isEmpty()) {
            log.done(expected.remove().entry());
            same(file, expected);
        }
    }

    private static void same(Path file, Deque<Kept> expected) throws IOException {
        List<BehindLog.Entry> left = new ArrayList<>();
        BehindLog next = BehindLog.goOn(file, left);
        assertThat(left).isEqualTo(expected.stream().map(Kept::entry).toList());
        for (Kept kept : expected) {
            assertThat(Arrays.equals(read(next, kept.entry()), kept.bytes())).isTrue();
        }
    }

    @Test
    void shouldTakeFourMebibytesAtOnceAndAgainWhenTheyAreDone() {
        BehindLog log = BehindLog.inMemory();
        for (int round = 0; round < 3; round++) {
            List<BehindLog.Entry> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                BehindLog.Entry entry = add(log, i, new byte[(1 << 20) + 100]);
                all.add(Objects.requireNonNull(entry));
            }
            assertThat(add(log, 5, new byte[1 << 20])).isNull();
            all.forEach(log::done);
        }
    }

    @Test
    void shouldSayWhatIsWrongWhenTheFileIsNoLog() throws IOException {
        Path file = directory.resolve("log");
        Files.write(file, new byte[5 << 20]);
        assertThatThrownBy(() -> BehindLog.goOn(file, new ArrayList<>()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no log of writes");
        Files.write(file, new byte[10]);
        assertThatThrownBy(() -> BehindLog.goOn(file, new ArrayList<>()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
    }
}
