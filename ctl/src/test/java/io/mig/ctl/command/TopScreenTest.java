package io.mig.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.json.Json;
import io.mig.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopScreenTest {
    private static JsonObject board(int nodes, int processes) {
        String n =
                IntStream.rangeClosed(1, nodes)
                        .mapToObj(
                                i ->
                                        """
                                        {"node":"node%d","cores":2.0,"speed":0.5,"wanted":1.0,"guests":3,"draining":%s,\
                                        "memTotalBytes":1000,"memFreeBytes":250}"""
                                                .formatted(i, i == 2))
                        .collect(Collectors.joining(","));
        String p =
                IntStream.range(0, processes)
                        .mapToObj(
                                i ->
                                        """
                                        {"process":"node1:%d","home":"node1","node":"node%d","wants":1.0,"rssBytes":1048576,\
                                        "cpuSeconds":%d,"user":"anna","command":"work \\u001b[2J"}"""
                                                .formatted(1000 + i, 1 + i % nodes, i))
                        .collect(Collectors.joining(","));
        return Json.parseObject(
                ("{\"nodes\":[" + n + "],\"managed\":[" + p + "]}")
                        .getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldFillExactlyTheScreenWhenThereIsMoreThanFits() {
        for (int[] size : List.of(new int[] {80, 24}, new int[] {40, 8}, new int[] {200, 60})) {
            List<String> lines = new TopScreen().lines(board(16, 1000), size[0], size[1], "done");

            assertThat(lines).hasSize(size[1]);
            assertThat(lines).allMatch(line -> line.length() <= size[0]);
            assertThat(lines).noneMatch(line -> line.contains("\u001b"));
            assertThat(lines.get(size[1] - 2)).isEqualTo("done");
        }
    }

    @Test
    void shouldShowNodesAndProcessesWhenTheyFit() {
        List<String> lines = new TopScreen().lines(board(3, 4), 80, 24, "");

        assertThat(lines.getFirst())
                .isEqualTo("mig top: 3 nodes, 4 processes, 2 away from home, by node");
        assertThat(lines.get(1)).startsWith("node1     [|||||     ]  1.0 of 2 x 0.50  mem  75%");
        assertThat(lines.get(2)).endsWith("draining");
        assertThat(lines.get(5)).startsWith("> node1:1000 ");
    }

    @Test
    void shouldKeepSelectionInSightWhenItMoves() {
        TopScreen screen = new TopScreen();
        screen.nextOrder(); // by process
        JsonObject board = board(16, 1000);
        screen.lines(board, 80, 24, "");
        screen.move(500);

        List<String> lines = screen.lines(board, 80, 24, "");

        assertThat(screen.selected()).isEqualTo("node1:1500");
        assertThat(lines).anyMatch(line -> line.startsWith("> node1:1500"));
        screen.move(-10_000);
        assertThat(screen.selected()).isEqualTo("node1:1000");
    }
}
