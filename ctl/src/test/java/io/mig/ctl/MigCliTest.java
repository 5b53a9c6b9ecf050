package io.mig.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import io.mig.ctl.command.Verbs;
import io.mig.ctl.render.Screen;
import io.mig.json.Json;
import io.mig.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class MigCliTest {
    private static final String PS =
            """
            [{"process":"node1:1000@99","home":"node1","pid":1000,"node":"node2","state":"running","cpu":0.98,\
            "rssBytes":12345678,"user":"alice","epoch":3,"command":"xz -9 big.tar"},\
            {"process":"node1:1001@98","home":"node1","pid":1001,"node":"node1","state":"stopped","cpu":null,\
            "rssBytes":null,"user":"bob","epoch":1,"command":"evil \\u001b[2J\\nname"}]""";

    private static final String MOVED =
            """
            {"process":"node1:1000@99","command":"xz","from":"node1","to":"node2","mode":"full","freezeMs":38.24,\
            "totalMs":1211.5,"bytes":12345678,"phases":{"freeze":0.21,"dump":21.0},"outcome":"moved","reason":"user"}""";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir private Path run = Path.of("");

    @SuppressWarnings("NullAway.Init") // made before each test
    private FakeAgent agent;

    @BeforeEach
    void startAgent() throws IOException {
        agent = new FakeAgent(run.resolve("control.sock"));
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    @Test
    void shouldListProcessesWhenAskedForPs() {
        agent.result("ps", PS);

        assertThat(mig("ps")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        """
                HOME    PID  NODE   STATE    CPU  RSS  USER   COMMAND
                node1  1000  node2  running  98%  12M  alice  xz -9 big.tar
                node1  1001  node1  stopped    -    -  bob    evil \uFFFD[2J name
                """);
        assertThat(err()).isEmpty();
    }

    @Test
    void shouldPrintOneRowPerLineWhenAskedForJson() {
        agent.result("ps", PS);

        assertThat(mig("ps", "--json")).isEqualTo(ExitCode.OK);
        assertThat(Json.parse(out())).isEqualTo(Json.parse(PS));
        assertThat(out().lines()).hasSize(4);
    }

    @Test
    void shouldNameSilentNodesWhenSomeDidNotAnswer() {
        agent.result(
                "ps",
                "{\"processes\":"
                        + PS
                        + ",\"unreachable\":[{\"node\":\"node3\",\"why\":\"no heartbeat\"}]}");

        assertThat(mig("ps", "--json")).isEqualTo(ExitCode.OK);
        assertThat(Json.parse(out())).isEqualTo(Json.parse(PS));
        assertThat(err())
                .isEqualTo(
                        "mig ps: no answer from node=node3: no heartbeat; its guests are not shown or may be outdated\n");
    }

    @Test
    void shouldSayHowToBeginWhenNothingIsManaged() {
        agent.result("ps", "[]");

        assertThat(mig("ps")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        "no managed process; 'mig run CMD' starts one, 'mig migrate PROCESS NODE'"
                                + " moves any\n");
        assertThat(mig("ps", "--json")).isEqualTo(ExitCode.OK);
        assertThat(out()).isEqualTo("[]\n");
    }

    @Test
    void shouldListNodesWhenAskedForNodes() {
        agent.result(
                "nodes",
                """
                [{"node":"node1","state":"up","cpus":2,"cpuBusy":0.031,"load1":0.5,"memTotalBytes":25000000000,\
                "memAvailableBytes":24000000000,"guests":0,"away":2,"criu":"4.2.1","kernel":"6.18.0","agentVersion":"0.1",\
                "bootId":"x","since":"2026-11-21T07:00:00Z"},{"node":"node2","state":"down","why":"no heartbeat"}]""");

        assertThat(mig("nodes")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        """
                NODE   STATE  CPUS  BUSY  LOAD  FREE  MEMORY  GUESTS  AWAY  CRIU   AGENT  KERNEL
                node1  up        2  3.1%  0.50   22G     23G       0     2  4.2.1  0.1    6.18.0
                node2  down      -     -     -     -       -       -     -  -      -      -
                node2: no heartbeat
                """);
    }

    @Test
    void shouldTellTheStoryWhenAMoveSucceeds() {
        agent.raw(
                "migrate",
                "{\"event\":\"progress\",\"phase\":\"dump\"}\n{\"ok\":true,\"result\":"
                        + MOVED
                        + "}\n");

        assertThat(mig("migrate", "1000", "node2")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        "moved node1:1000@99 (xz): node1 -> node2, frozen 38 ms of 1.21 s, 12M\n");
        assertThat(err()).isEmpty();
        assertThat(Json.write(agent.requests().getFirst()))
                .isEqualTo(
                        "{\"v\":1,\"verb\":\"migrate\",\"args\":{\"process\":\"1000\",\"node\":\"node2\"}}");
    }

    @Test
    void shouldPrintTheAgentsObjectWhenAMoveIsAskedForInJson() {
        agent.result("home", MOVED);

        assertThat(mig("home", "xz", "--json")).isEqualTo(ExitCode.OK);
        assertThat(out()).isEqualTo(MOVED + "\n");
        assertThat(Json.write(agent.requests().getFirst().object("args")))
                .isEqualTo("{\"process\":\"xz\"}");
    }

    @Test
    void shouldDrawProgressWhenSomebodyWatches() {
        agent.raw(
                "migrate",
                "{\"event\":\"progress\",\"phase\":\"copy\",\"bytes\":5242880,\"totalBytes\":10485760}\n"
                        + "{\"ok\":true,\"result\":"
                        + MOVED
                        + "}\n");

        assertThat(mig(new Screen(print(err), true, 60, false), "migrate", "1000", "node2"))
                .isEqualTo(ExitCode.OK);
        assertThat(err())
                .isEqualTo(
                        "\r\u001b[K1000 -> node2  copy  [##########..........]  5.0M of 10M\r\u001b[K");
    }

    @Test
    void shouldSayWhatAndWhyAndWhatToDoInOneLineWhenTheAgentRefuses() {
        agent.raw("migrate", refusal("{}"));

        assertThat(mig("migrate", "7", "node9")).isEqualTo(ExitCode.FAILED);
        assertThat(err())
                .isEqualTo(
                        "mig migrate: cannot move process=7 to node=node9: no such node; to do: 'mig nodes' lists them\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void shouldPrintAllFieldsOfAMoveInJsonWhenTheAgentRefuses() {
        agent.raw(
                "migrate",
                refusal(
                        "{\"outcome\":\"aborted\",\"from\":\"node1\",\"phases\":{\"freeze\":0.2}}"));

        assertThat(mig("migrate", "7", "node9", "--json")).isEqualTo(ExitCode.FAILED);
        JsonObject printed = Json.parseObject(out.toByteArray());
        assertThat(printed.fields())
                .containsOnlyKeys(
                        "process",
                        "from",
                        "to",
                        "mode",
                        "freezeMs",
                        "totalMs",
                        "bytes",
                        "phases",
                        "outcome",
                        "reason",
                        "error");
        assertThat(printed.string("outcome")).isEqualTo("aborted");
        assertThat(printed.string("from")).isEqualTo("node1");
        assertThat(printed.string("reason"))
                .isEqualTo("cannot move process=7 to node=node9: no such node");
        assertThat(printed.object("error").string("code")).isEqualTo("NOT_FOUND");
    }

    @Test
    void shouldListObstaclesAndNodesWhenAProcessCannotMove() {
        agent.result(
                "can",
                """
                {"process":"node1:7@1","command":"nginx","movable":false,"obstacles":[{"what":"fd 5 is a TCP socket",\
                "owner":"nginx","why":"its peer would see a reset","remedy":"close it"},{"what":"no room","node":"node2","remedy":""}],\
                "nodes":[{"node":"node2","ok":false,"why":"full"},{"node":"node3","ok":true,"why":""}]}""");

        assertThat(mig("can", "7")).isEqualTo(ExitCode.FAILED);
        assertThat(out())
                .isEqualTo(
                        """
                node1:7@1 (nginx) cannot move
                  - fd 5 is a TCP socket [nginx]
                    because its peer would see a reset
                    to do: close it
                  - no room (on node2)
                NODE   WORKS  WHY
                node2  no     full
                node3  yes    \n""");
    }

    @Test
    void shouldExitWithSuccessWhenAProcessCanMove() {
        agent.result("can", "{\"process\":\"node1:7@1\",\"movable\":true,\"obstacles\":[]}");

        assertThat(mig("can", "7", "node2")).isEqualTo(ExitCode.OK);
        assertThat(out()).isEqualTo("node1:7@1 can move to node2\n");
        assertThat(mig("can", "7", "--json")).isEqualTo(ExitCode.OK);
        assertThat(out()).startsWith("{\"process\":");
    }

    @Test
    void shouldShowEveryFactWhenInspecting() {
        agent.result(
                "inspect",
                """
                {"process":"node1:7@1","rssBytes":1048576,"away":true,"user":null,"pids":[7,8],"deputy":{"pid":7,"upMs":1500},\
                "streams":[{"id":1,"kind":"tty"},{"id":2,"kind":"pipe-in","unackedBytes":2048}],"moves":[]}""");

        assertThat(mig("inspect", "7")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        """
                process  node1:7@1
                rss      1.0M
                away     yes
                user     -
                pids     7, 8
                moves    -
                deputy
                  pid  7
                  up   1.50 s
                streams
                  ID  KIND     UNACKED
                  1   tty      -
                  2   pipe-in  2.0K
                """);
    }

    @Test
    void shouldListMovesWithPhasesWhenTheLogOfOneProcessIsWanted() {
        agent.result(
                "log",
                "["
                        + MOVED.replace(
                                "{\"process\"", "{\"time\":\"2026-11-21T07:00:00Z\",\"process\"")
                        + "]");

        assertThat(mig("log", "1000")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        """
                TIME                  PROCESS        COMMAND  FROM   TO     OUTCOME  FREEZE   TOTAL  BYTES  REASON
                2026-11-21T07:00:00Z  node1:1000@99  xz       node1  node2  moved     38 ms  1.21 s    12M  user
                2026-11-21T07:00:00Z node1:1000@99 node1 -> node2: freeze 0.2 ms, dump 21 ms
                """);
        assertThat(Json.write(agent.requests().getFirst().object("args")))
                .isEqualTo("{\"limit\":50,\"process\":\"1000\"}");
    }

    @Test
    void shouldShowTheNewestMovesWhenThereAreMoreThanWanted() {
        agent.result("log", "[{\"process\":\"a\"},{\"process\":\"b\"},{\"process\":\"c\"}]");

        assertThat(mig("log", "-n", "2", "--json")).isEqualTo(ExitCode.OK);
        assertThat(out()).isEqualTo("[\n{\"process\":\"b\"},\n{\"process\":\"c\"}\n]\n");
        assertThat(mig("log", "-n", "0")).isEqualTo(ExitCode.USAGE);
        assertThat(err())
                .isEqualTo("mig log: --limit must be 1 or more, not 0; see: mig log --help\n");
    }

    @Test
    void shouldListFaultPointsWhenAskedForFaultList() {
        agent.result(
                "fault-list",
                "[{\"point\":\"dump.begin\",\"side\":\"source\",\"kinds\":[\"fail\",\"hang\"],\"where\":\"before CRIU\"}]");

        assertThat(mig("fault", "list")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .isEqualTo(
                        """
                POINT       SIDE    KINDS      WHERE
                dump.begin  source  fail hang  before CRIU
                """);
    }

    @Test
    void shouldShowStatusAndVersionOfTheAgent() {
        agent.result("status", "{\"node\":\"node1\",\"agentVersion\":\"0.1\",\"guests\":0}");

        assertThat(mig("status")).isEqualTo(ExitCode.OK);
        assertThat(out()).isEqualTo("node           node1\nagent version  0.1\nguests         0\n");
        assertThat(mig("version")).isEqualTo(ExitCode.OK);
        assertThat(out())
                .endsWith("agent 0.1 on node=node1\n")
                .startsWith("mig ")
                .doesNotContain("$");
    }

    @Test
    void shouldExitWithNoAgentWhenThereIsNoSocket() throws IOException {
        agent.close();
        Files.deleteIfExists(run.resolve("control.sock"));

        assertThat(mig("ps")).isEqualTo(ExitCode.NO_AGENT);
        assertThat(err())
                .isEqualTo(
                        "mig ps: no agent runs on this node: there is no control socket="
                                + run
                                + "/control.sock; to do: start one as root with 'mig agent', or a lab of nodes on this machine with"
                                + " 'mig lab up 3'\n");
        assertThat(mig("version")).isEqualTo(ExitCode.OK);
    }

    @Test
    void shouldExitWithNoAgentWhenNobodyListensAnyMore() throws IOException {
        agent.close();

        assertThat(mig("ps")).isEqualTo(ExitCode.NO_AGENT);
        assertThat(err())
                .startsWith("mig ps: no agent answers on this node: socket=")
                .contains("to do: ")
                .hasLineCount(1);
    }

    @Test
    void shouldExitWithNoAgentWhenTheAnswerIsCutOrNonsense() {
        agent.raw("migrate", "{\"event\":\"progress\",\"phase\":\"dump\"}\n{\"ok\":true,\"res");
        agent.raw("nodes", "\u0000\u0001\u0002 nonsense\n");
        agent.raw("status", "[1,2,3]\n");

        assertThat(mig("migrate", "7", "node2")).isEqualTo(ExitCode.NO_AGENT);
        assertThat(err())
                .startsWith("mig migrate: no complete answer from the agent: verb=migrate")
                .hasLineCount(1);
        assertThat(mig("ps")).isEqualTo(ExitCode.NO_AGENT);
        assertThat(mig("nodes")).isEqualTo(ExitCode.NO_AGENT);
        assertThat(err())
                .startsWith("mig nodes: the agent's answer is not understood")
                .hasLineCount(1);
        assertThat(mig("status")).isEqualTo(ExitCode.NO_AGENT);
    }

    @Test
    void shouldExitWithUsageWhenTheCommandLineIsWrong() {
        assertThat(mig()).isEqualTo(ExitCode.USAGE);
        assertThat(err()).startsWith("Usage: mig ");
        assertThat(mig("migrate", "7")).isEqualTo(ExitCode.USAGE);
        assertThat(err())
                .isEqualTo(
                        "mig migrate: Missing required parameter: 'NODE'; see: mig migrate --help\n");
        assertThat(mig("migrat", "7")).isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("did you mean migrate").hasLineCount(1);
        assertThat(mig("ps", "--jsn")).isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("did you mean --json").hasLineCount(1);
        assertThat(agent.requests()).isEmpty();
    }

    @Test
    void shouldShowHelpOfEveryVerb() {
        assertThat(mig("--help")).isEqualTo(ExitCode.OK);
        String help = out();
        for (String verb : Verbs.NAMES) {
            assertThat(help).contains("\n  " + verb + " ");
            if (!verb.equals("lab")) {
                assertThat(mig("help", verb)).as(verb).isEqualTo(ExitCode.OK);
                assertThat(out()).as(verb).startsWith("Usage: mig " + verb);
            }
        }
    }

    @Test
    void shouldPrintACompletionScriptForAllVerbs() {
        assertThat(mig("completion")).isEqualTo(ExitCode.OK);
        assertThat(out()).startsWith("#!/usr/bin/env bash").contains("migrate").contains("inspect");
    }

    @Test
    void shouldUseTheGivenSocketWhenThereIsOne() throws IOException {
        Path other = run.resolve("other.sock");
        try (FakeAgent second = new FakeAgent(other)) {
            second.result("ps", "[]");

            assertThat(mig("--socket", other.toString(), "ps")).isEqualTo(ExitCode.OK);
            assertThat(mig("ps", "--socket", other.toString())).isEqualTo(ExitCode.OK);
            assertThat(second.requests()).hasSize(2);
        }
    }

    @Test
    void shouldMakeAClusterAndATokenWithoutAnAgent() throws IOException {
        agent.close();
        Path pki = run.resolve("pki");

        assertThat(
                        mig(
                                "cluster",
                                "init",
                                "demo",
                                "--node",
                                "a",
                                "--pki-dir",
                                pki.toString(),
                                "--json"))
                .isEqualTo(ExitCode.OK);
        assertThat(Json.parseObject(out.toByteArray()).string("cluster")).isEqualTo("demo");
        assertThat(mig("token", "--host", "127.0.0.1", "--pki-dir", pki.toString()))
                .isEqualTo(ExitCode.OK);
        assertThat(out()).startsWith("mig1.").hasLineCount(1);
        assertThat(mig("cluster", "init", "--node", "a", "--pki-dir", pki.toString()))
                .isEqualTo(ExitCode.FAILED);
        assertThat(err())
                .startsWith("mig cluster init: this node has an identity already")
                .hasLineCount(1);
        assertThat(mig("join", "garbage", "--node", "b", "--pki-dir", run.resolve("b").toString()))
                .isEqualTo(ExitCode.FAILED);
        assertThat(err()).startsWith("mig join: this is no join token").hasLineCount(1);
    }

    private int mig(String... args) {
        return mig(Screen.plain(print(err)), args);
    }

    private int mig(Screen errors, String... args) {
        out.reset();
        err.reset();
        return new MigCli(Screen.plain(print(out)), errors, Map.of("MIG_RUN", run.toString()))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private static String refusal(String detail) {
        return "{\"ok\":false,\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"cannot move process=7 to node=node9: no such"
                + " node\",\"remedy\":\"'mig nodes' lists them\",\"detail\":"
                + detail
                + "}}\n";
    }
}
