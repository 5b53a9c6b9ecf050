package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.balance.view.PastMove;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResidentStoreTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final HomePid PROCESS = new HomePid(A, 77, 4711);

    @TempDir Path directory;

    private static Resident resident() {
        return Resident.arrived(
                1_000_000,
                2.5,
                1,
                List.of(new PastMove(B, A, 2000, true), new PastMove(A, B, 9000, false)),
                Optional.of(B));
    }

    @Test
    void shouldKnowPinAndHistoryWhenTheAgentIsRestarted() {
        Path file = directory.resolve("below/residents");
        new ResidentStore(file).save(Map.of(PROCESS, resident()), 1_001_000, 500_000_000);
        ResidentStore next = new ResidentStore(file);

        next.load(500_004_000);

        Resident again = next.take(PROCESS).map(k -> Resident.of(k, 7000)).orElseThrow();
        assertThat(again.pin()).contains(B);
        assertThat(again.residencyMillis(7000)).isEqualTo(5000);
        assertThat(again.earlierCpuSeconds()).isEqualTo(2.5);
        assertThat(again.history(7000))
                .containsExactly(new PastMove(B, A, 7000, true), new PastMove(A, B, 14_000, false));
        assertThat(next.take(new HomePid(A, 77, 4712))).isEmpty();
    }

    @Test
    void shouldWriteOnlyWhatIsNewsWhenTimePasses() throws IOException {
        Path file = directory.resolve("residents");
        ResidentStore store = new ResidentStore(file);
        Resident resident = resident();
        store.save(Map.of(PROCESS, resident), 1_001_000, 500_000_000);
        Files.delete(file);

        store.save(Map.of(PROCESS, resident), 1_002_000, 500_001_000);
        assertThat(file).doesNotExist();

        resident.pin(Optional.empty());
        store.save(Map.of(PROCESS, resident), 1_003_000, 500_002_000);
        assertThat(file).exists();
    }

    @Test
    void shouldLeaveOutWhatMakesNoSenseWhenTheFileIsDamaged() throws IOException {
        Path file = directory.resolve("residents");
        new ResidentStore(file).save(Map.of(PROCESS, resident()), 1_001_000, 500_000_000);
        Files.writeString(file, "nonsense\na:1@2 x y pin= moves=\n", StandardOpenOption.APPEND);
        ResidentStore next = new ResidentStore(file);

        next.load(600_000_000);

        assertThat(next.take(PROCESS)).isPresent();
        assertThat(next.take(new HomePid(A, 1, 2))).isEmpty();
    }
}
