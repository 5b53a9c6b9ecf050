package io.mig.balance.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.mig.balance.view.Doors;
import io.mig.balance.view.NodeCapacity;
import io.mig.balance.view.NodeFacts;
import io.mig.balance.view.NodeUse;
import io.mig.balance.view.NodeView;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Psi;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ExpressionTest {
    private static final NodeId NODE = new NodeId("node1");
    private static final FactScope SCOPE =
            new FactScope(
                    NodeView.of(
                            new NodeFacts(
                                    NODE,
                                    new NodeCapacity(4, 1.5, 8L << 30),
                                    new NodeUse(6, 2L << 30, new Psi(0.3, 0.12, 0), 3),
                                    Doors.OPEN),
                            2500),
                    Optional.of(
                            ProcessView.of(
                                    new HomePid(NODE, 7, 1),
                                    NODE,
                                    "blastn",
                                    "anna",
                                    new Usage(1, 3L << 30, 1e6, 0, 42),
                                    9000)),
                    new ClusterSummary(5, 0.75, 0.5));

    @ParameterizedTest
    @CsvSource(
            delimiterString = "@@",
            quoteCharacter = '`',
            value = {
                "node.psi.memory > 0.1 @@ true",
                "node.psi.memory > 10% && node.load == 1.5 @@ true",
                "node.load > 2 * cluster.mean.load @@ false",
                "!(node.guests >= 3) || process.rss > 2GiB @@ true",
                "process.command == 'blast*' @@ true",
                "process.user != \"anna\" @@ false",
                "node.cordoned == false @@ true",
                "node.owner @@ false",
                "-1 + 2 * 3 == 5 && 7 / 2 - 0.5 == 3 @@ true",
                "1 / 0 == 0 @@ true",
                "process.cputime > 30s && process.residency < 1m @@ true",
                "node.age < 3 @@ true",
                "true || node.owner && false @@ true",
                "1 - 1 - 1 == -1 @@ true"
            })
    void shouldGiveWhatItSays(String text, boolean expected) {
        assertThat(Expression.condition(text, true).holds(SCOPE)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "@@",
            quoteCharacter = '`',
            value = {
                "node.psi.memroy > 1 @@ 1 @@ node.psi.memory",
                "node.load > @@ 12 @@ expected",
                "node.load > 'x' @@ 11 @@ same kind",
                "node.load @@ 1 @@ compare",
                "(node.load > 1 @@ 15 @@ add )",
                "node.load = 1 @@ 11 @@ ==",
                "node.load > 3 parsecs @@ 15 @@ operator",
                "node.load > 3parsecs @@ 14 @@ units",
                "node.name > 'a' @@ 11 @@ ==",
                "node.owner + 1 > 2 @@ 12 @@ convert",
                "node.load > 1 && 5 @@ 18 @@ convert",
                "'open @@ 1 @@ add '",
                "$ @@ 1 @@ expected"
            })
    void shouldTellColumnAndRemedyWhenItIsWrong(String text, int column, String remedy) {
        ExpressionException e =
                catchThrowableOfType(
                        ExpressionException.class, () -> Expression.condition(text, true));

        assertThat(e.column()).as(e.getMessage()).isEqualTo(column);
        assertThat(e.remedy()).containsIgnoringCase(remedy);
    }

    @Test
    void shouldRefuseProcessFactsWhereThereIsNoProcess() {
        assertThatThrownBy(() -> Expression.condition("process.rss > 1", false))
                .hasMessageContaining("about a node");
    }

    @Test
    void shouldStayBoundedWhenTheTextIsHostile() {
        assertThatThrownBy(() -> Expression.condition("(".repeat(900), true))
                .isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> Expression.condition("!".repeat(900) + "true", true))
                .isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> Expression.condition("-".repeat(900) + "1>0", true))
                .isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> Expression.condition("1+".repeat(400) + "1>0", true))
                .hasMessageContaining("too many parts");
        assertThatThrownBy(() -> Expression.condition(" ".repeat(2000), true))
                .hasMessageContaining("characters");
    }

    @Test
    void shouldNeverFailOtherwiseWhenTheTextIsGarbage() {
        Random random = new Random(1);
        String alphabet = "node.lad<>=!&|()+-*/'\"0123 %GiBtruefas";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(30);
            for (int c = 0; c < length; c++) {
                text.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            try {
                var _ = Expression.condition(text.toString(), true).holds(SCOPE);
            } catch (ExpressionException e) {
                assertThat(e.column()).isBetween(1, text.length() + 1);
            }
        }
    }
}
