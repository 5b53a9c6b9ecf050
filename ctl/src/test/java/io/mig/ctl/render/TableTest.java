package io.mig.ctl.render;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class TableTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private static Table table() {
        return new Table(
                        Column.word("NODE"),
                        Column.number("CPU").optional(2),
                        Column.text("USER", 3).optional(1),
                        Column.text("COMMAND", 8))
                .row("node1", "9%", "christina", "a rather long command line")
                .row("n2", "100%", "al", "short");
    }

    @Test
    void shouldShowEverythingWhenThereIsNoBound() {
        assertThat(print(Screen.UNBOUNDED))
                .isEqualTo(
                        """
                NODE    CPU  USER       COMMAND
                node1    9%  christina  a rather long command line
                n2     100%  al         short
                """);
    }

    @Test
    void shouldCutTheWidestTextWhenItDoesNotFit() {
        assertThat(print(40))
                .isEqualTo(
                        """
                NODE    CPU  USER       COMMAND
                node1    9%  christina  a rather long c…
                n2     100%  al         short
                """);
    }

    @Test
    void shouldLeaveOutTheLeastImportantColumnWhenCuttingIsNotEnough() {
        assertThat(print(22))
                .isEqualTo(
                        """
                NODE    CPU  COMMAND
                node1    9%  a rather…
                n2     100%  short
                """);
    }

    @Test
    void shouldFitEveryWidthDownToTheNarrowest() {
        for (int width = 20; width < 100; width++) {
            int bound = width;
            assertThat(print(width).lines()).allMatch(line -> Text.columns(line) <= bound);
        }
    }

    @Test
    void shouldCountWideCharactersTwice() {
        Table table =
                new Table(Column.text("NAME", 4), Column.word("X"))
                        .row("日本語のコマンド", "1")
                        .row("e\u0301", "2");
        table.print(new Screen(stream, true, 12, false));

        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                NAME       X
                日本語の…  1
                e\u0301          2
                """);
    }

    @Test
    void shouldPaintOnlyWhereColoursAreWanted() {
        Table table = new Table(Column.word("STATE")).row(new Cell("lost", Colour.RED));
        table.print(new Screen(stream, true, 80, true));
        table.print(new Screen(stream, true, 80, false));

        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualTo("\u001b[1mSTATE\u001b[0m\n\u001b[31mlost\u001b[0m\nSTATE\nlost\n");
    }

    @Test
    void shouldNotLetStrangersSteerTheTerminal() {
        assertThat(Cell.of("\u001b]0;owned\u0007\u202Egnp.exe\n").text())
                .isEqualTo("\uFFFD]0;owned\uFFFD\uFFFDgnp.exe ");
    }

    private String print(int width) {
        bytes.reset();
        table().print(new Screen(stream, true, width, false));
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
