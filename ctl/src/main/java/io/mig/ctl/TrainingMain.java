package io.mig.ctl;

import io.mig.ctl.render.Screen;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Runs the usual commands once against a socket of its own, so that the JDK can write down which
 * classes they need (JEP 514, {@code -XX:AOTCacheOutput}). Needs no agent and prints nothing.
 */
public final class TrainingMain {
    private static final String PROGRESS =
            "{\"event\":\"progress\",\"phase\":\"copy\",\"bytes\":1,\"totalBytes\":2}\n";
    private static final String ANSWER =
            """
            {"ok":true,"result":[{"process":"node1:1@2","home":"node1","pid":1,"node":"node2","state":"running","cpu":0.5,\
            "rssBytes":1048576,"user":"user","epoch":1,"command":"command","cpus":2,"cpuBusy":0.5,"load1":0.5}]}
            """;
    private static final String BOARD =
            """
            {"ok":true,"result":{"nodes":[{"node":"node1","cores":2.0,"speed":1.0,"wanted":1.0,"memTotalBytes":1000,\
            "memFreeBytes":500,"guests":1}],"managed":[{"process":"node1:1","home":"node1","node":"node1","wants":0.5,\
            "rssBytes":1048576,"cpuSeconds":1.5,"user":"user","command":"command"},{"process":"node1:2","home":"node1",\
            "node":"node2","wants":0.5,"rssBytes":1048576,"cpuSeconds":1.5,"user":"user","command":"command"}],\
            "unreachable":[]}}
            """;
    private static final List<List<String>> COMMANDS =
            List.of(
                    List.of("ps"),
                    List.of("top", "--once"),
                    List.of("nodes"),
                    List.of("ps", "--json"),
                    List.of("migrate", "1", "node2"),
                    List.of("inspect", "1"),
                    List.of("--help"),
                    List.of("ps", "--wrong"));

    private TrainingMain() {}

    /** Runs the training. */
    public static void main(String[] args) throws IOException {
        Path directory = Files.createTempDirectory("mig-training");
        Path socket = directory.resolve("control.sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> serve(server));
            Map<String, String> environment = Map.of("MIG_RUN", directory.toString());
            PrintStream nowhere =
                    new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
            // both kinds of screen: descriptors as they are, and a terminal
            Screen.ofDescriptor(nowhere, 1, environment);
            Screen terminal = new Screen(nowhere, true, 80, true);
            for (List<String> command : COMMANDS) {
                new MigCli(terminal, terminal, environment).run(command.toArray(String[]::new));
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
    }

    private static void serve(ServerSocketChannel server) {
        try {
            while (true) {
                try (SocketChannel client = server.accept()) {
                    BufferedReader reader =
                            new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
                    String request = reader.readLine();
                    client.write(
                            StandardCharsets.UTF_8.encode(
                                    request == null
                                            ? ""
                                            : request.contains("\"board\"")
                                                    ? BOARD
                                                    : PROGRESS + ANSWER));
                }
            }
        } catch (IOException e) {
            // the end of the training
        }
    }
}
