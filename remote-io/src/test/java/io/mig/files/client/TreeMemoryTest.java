package io.mig.files.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.files.wire.Lock;
import io.mig.files.wire.NodeRef;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeMemoryTest {
    private static final Callers.Caller USER = new Callers.Caller(1000, 100);

    @TempDir Path directory;

    private Path file() {
        return directory.resolve("home.memory");
    }

    private static <T> T at(Map<Long, T> map, long key) {
        return Objects.requireNonNull(map.get(key));
    }

    private static NodeRef ref(int number) {
        return NodeRef.of(ByteBuffer.allocate(60).putInt(number).array());
    }

    private static Lock lock(int type, long start, long end) {
        return new Lock(9, start, end, type, 1, false, false);
    }

    @Test
    void shouldTellWhatWasWrittenWhenReadAgain() throws IOException {
        try (TreeMemory memory = TreeMemory.begin(file(), 4711)) {
            memory.init(45, 0x8000000001L);
            memory.node(1, ref(1));
            memory.node(2, ref(2));
            memory.node(3, ref(3));
            memory.lookup(2);
            memory.lookup(2);
            memory.forget(2, 1);
            memory.forget(3, 1);
            memory.place(2, "/dev");
            memory.open(new OpenHandle(7, new Node(2, ref(2)), 2, new byte[12], USER));
            memory.lock(7, lock(1, 0, 9));
            memory.lock(7, lock(1, 20, 29));
            memory.open(new OpenHandle(8, new Node(2, ref(2)), 0, new byte[12], USER));
            memory.close(8);
            memory.directory(9, 1);
            memory.begun(100, 55, 0);
            memory.begun(102, 56, 10);
            memory.ended(100);
            memory.requests(4096);
        }

        Remembered known = Remembered.read(file());

        assertThat(known.session()).isEqualTo(4711);
        assertThat(known.minor()).isEqualTo(45);
        assertThat(known.flags()).isEqualTo(0x8000000001L);
        assertThat(known.nodes()).containsOnlyKeys(1L, 2L);
        assertThat(at(known.nodes(), 2L).lookups).isEqualTo(2);
        assertThat(at(known.nodes(), 2L).place).isEqualTo("/dev");
        assertThat(known.handles()).containsOnlyKeys(7L);
        assertThat(at(known.handles(), 7L).locks()).hasSize(2);
        assertThat(at(known.handles(), 7L).opener()).isEqualTo(USER);
        assertThat(known.directories()).containsEntry(9L, 1L);
        assertThat(known.begun()).containsOnlyKeys(102L);
        assertThat(known.lastHandle()).isEqualTo(10);
        assertThat(known.requestsBelow()).isEqualTo(4096);
    }

    @Test
    void shouldForgetLocksWhenAllAreGivenUp() throws IOException {
        try (TreeMemory memory = TreeMemory.begin(file(), 1)) {
            memory.node(1, ref(1));
            memory.open(new OpenHandle(7, new Node(1, ref(1)), 2, new byte[12], USER));
            memory.lock(7, lock(1, 0, 9));
            memory.lock(7, lock(2, 0, Long.MAX_VALUE));
        }

        assertThat(at(Remembered.read(file()).handles(), 7L).locks()).isEmpty();
    }

    @Test
    void shouldStayShortAndLoseNothingWhenItIsFullAgainAndAgain() throws IOException {
        try (TreeMemory memory = TreeMemory.begin(file(), 1)) {
            memory.node(1, ref(1));
            for (int i = 2; i < 60_000; i++) {
                memory.node(i, ref(i));
                memory.lookup(i);
                if (i > 1000) {
                    memory.forget(i - 500, 2);
                }
            }
            assertThat(memory.trouble()).isNull();
        }

        Remembered known = Remembered.read(file());
        assertThat(known.nodes()).hasSize(1 + 499 + 500);
        assertThat(at(known.nodes(), 59_999L).lookups).isEqualTo(2);
        assertThat(Files.size(file())).isLessThan(4 << 20);
    }

    @Test
    void shouldGoOnWithTheSameWhenTakenUp() throws IOException {
        TreeMemory.begin(file(), 1).node(1, ref(1));
        try (TreeMemory memory = TreeMemory.goOn(file(), Remembered.read(file()))) {
            memory.node(2, ref(2));
        }

        assertThat(Remembered.read(file()).nodes()).containsOnlyKeys(1L, 2L);
    }

    @Test
    void shouldCountWholeRecordsOnlyWhenTheLastIsHalfWritten() throws IOException {
        TreeMemory.begin(file(), 1).node(1, ref(1));
        byte[] bytes = Files.readAllBytes(file());
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        // the next record without its length
        Arrays.fill(bytes, end + 40, end + 60, (byte) 1);
        Files.write(file(), bytes);

        assertThat(Remembered.read(file()).nodes()).containsOnlyKeys(1L);
    }

    @Test
    void shouldRefuseWhenItIsNoMemory() throws IOException {
        Files.write(file(), new byte[4096]);

        assertThatThrownBy(() -> Remembered.read(file())).hasMessageContaining("no memory");
    }
}
