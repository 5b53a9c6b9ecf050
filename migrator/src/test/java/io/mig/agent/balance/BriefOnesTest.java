package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class BriefOnesTest {
    private static final Path FILE = Path.of("/usr/bin/thing");
    private static final long BEGIN = 1_000_000;

    private final BriefOnes brief = new BriefOnes();

    @Test
    void shouldRememberForAMinuteWhenOneHadEndedAtOnce() {
        brief.begun(process(10), FILE, BEGIN);

        assertThat(brief.why(FILE, p -> true, BEGIN + 100)).isEmpty();
        assertThat(brief.why(FILE, p -> false, BEGIN + 200)).isPresent();
        assertThat(brief.why(FILE, p -> true, BEGIN + 50_000)).isPresent();
        assertThat(brief.why(Path.of("/other"), p -> true, BEGIN + 50_000)).isEmpty();
        assertThat(brief.why(FILE, p -> true, BEGIN + 70_000)).isEmpty();
    }

    @Test
    void shouldNotCallItBriefWhenNobodySawWhenItEnded() {
        brief.begun(process(10), FILE, BEGIN);

        assertThat(brief.why(FILE, p -> false, BEGIN + BriefOnes.BRIEF_MILLIS)).isEmpty();
        assertThat(brief.why(FILE, p -> false, BEGIN + BriefOnes.BRIEF_MILLIS + 1)).isEmpty();
    }

    private static HomePid process(int pid) {
        return new HomePid(new NodeId("node1"), pid, 1);
    }
}
