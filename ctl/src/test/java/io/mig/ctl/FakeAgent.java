package io.mig.ctl;

import io.mig.json.Json;
import io.mig.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Answers each verb with prepared lines, as they are: an agent that can also be made to talk
 * nonsense. Requests are kept for the test to look at. A verb without an answer gets the connection
 * closed on it.
 */
public final class FakeAgent implements AutoCloseable {
    private final ServerSocketChannel server;
    private final Thread acceptor;
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<JsonObject> requests = new CopyOnWriteArrayList<>();

    public FakeAgent(Path socket) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        acceptor = Thread.ofVirtual().start(this::serve);
    }

    /** The result of a verb. */
    public FakeAgent result(String verb, String json) {
        return raw(verb, "{\"ok\":true,\"result\":" + json + "}\n");
    }

    /** The bytes that follow a request for a verb. */
    public FakeAgent raw(String verb, String bytes) {
        answers.put(verb, bytes);
        return this;
    }

    /** What was asked, in order. */
    public List<JsonObject> requests() {
        return requests;
    }

    private void serve() {
        try {
            while (true) {
                try (SocketChannel client = server.accept()) {
                    answer(client);
                }
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void answer(SocketChannel client) throws IOException {
        BufferedReader reader =
                new BufferedReader(Channels.newReader(client, StandardCharsets.UTF_8));
        String line = reader.readLine();
        if (line == null) {
            return;
        }
        JsonObject request = Json.parseObject(line.getBytes(StandardCharsets.UTF_8));
        requests.add(request);
        String verb = request.requireString("verb");
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(answers.getOrDefault(verb, ""));
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        try {
            acceptor.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
