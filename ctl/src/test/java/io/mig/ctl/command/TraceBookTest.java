package io.mig.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.json.Json;
import io.mig.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TraceBookTest {
    private static final String NODES =
            """
            "nodes":[{"node":"b","cores":2.0,"speed":0.5,"memTotalBytes":2000},\
            {"node":"a","cores":1.0,"speed":1.0,"memTotalBytes":1000}]""";

    private final TraceBook book = new TraceBook();

    private static JsonObject board(String unreachable, String... processes) {
        String all =
                "{"
                        + NODES
                        + ",\"unreachable\":["
                        + unreachable
                        + "],\"managed\":["
                        + String.join(",", processes)
                        + "]}";
        return Json.parseObject(all.getBytes(StandardCharsets.UTF_8));
    }

    private static String process(String name, double age, double work, long rss) {
        return """
        {"process":"%s","home":"b","node":"a","ageSeconds":%s,"work":%s,"rssBytes":%d,"forked":true}"""
                .formatted(name, age, work, rss);
    }

    private List<String> jobs() {
        return book.lines().stream().filter(line -> line.startsWith("job ")).toList();
    }

    @Test
    void shouldWriteNodesAndWhatTheProcessesDidWhenTheyCameAndWent() {
        book.look(board("", process("b:1", 500, 100, 10)), 0);
        book.look(board("", process("b:1", 501, 101, 10), process("b:2", 0.25, 0.25, 50)), 1);
        book.look(board("", process("b:1", 502, 102, 90), process("b:2", 1.25, 1.25, 40)), 2);
        book.look(board("", process("b:1", 503, 103, 80)), 20);

        assertThat(book.lines())
                .contains("# a", "node 1 1.0 1000", "# b", "node 2 0.5 2000")
                .first()
                .isEqualTo("# mig record: 20 s, 2 processes, 1 of them still ran at the end");
        assertThat(jobs())
                .as("work counts from the beginning of the recording")
                .containsExactly(
                        "job 0.0 1 3.0 90.0 true 0.0 0.0", "job 0.75 1 1.25 50.0 true 0.0 0.0");
    }

    @Test
    void shouldWriteWhatWasMeasuredOfMemoryAndFiles() {
        String measured =
                process("b:1", 0, 1, 10)
                        .replace("}", ",\"dirtyBytesPerSecond\":%d,\"homeBytesPerSecond\":%d}");
        book.look(board("", measured.formatted(700, 900)), 0);
        book.look(board("", measured.formatted(500, 300)), 1);

        assertThat(jobs()).containsExactly("job 0.0 1 0.01 10.0 true 700.0 300.0");
    }

    @Test
    void shouldTakeItForTheSameWhenItIsOnNeitherNodeForAWhile() {
        book.look(board(""), 0);
        book.look(board("", process("b:1", 0, 1, 10)), 1);
        book.look(board(""), 2);
        book.look(board(""), 9);
        book.look(board("", process("b:1", 0, 5, 10)), 10);

        assertThat(jobs()).containsExactly("job 1.0 1 5.0 10.0 true 0.0 0.0");
    }

    @Test
    void shouldNotTakeItForGoneWhenItsNodeIsSilent() {
        book.look(board("", process("b:1", 0, 1, 10)), 0);
        for (int second = 1; second < 60; second++) {
            book.look(board("{\"node\":\"a\",\"why\":\"cut\"}"), second);
        }
        book.look(board("", process("b:1", 0, 40, 10)), 60);

        assertThat(jobs()).hasSize(1);
        assertThat(book.processes()).isEqualTo(1);
    }

    @Test
    void shouldTakeItForAnotherWhenItsWorkGoesBack() {
        book.look(board(""), 0);
        book.look(board("", process("b:1", 0, 9, 10)), 1);
        book.look(board("", process("b:1", 0, 0.5, 10)), 2);

        assertThat(jobs())
                .containsExactly(
                        "job 1.0 1 9.0 10.0 true 0.0 0.0", "job 2.0 1 0.5 10.0 true 0.0 0.0");
    }
}
