package io.mig.agent.control;

import io.mig.json.JsonObject;
import io.mig.transport.local.LocalConnection;
import io.mig.transport.local.LocalHandler;
import io.mig.transport.local.LocalPeer;
import io.mig.transport.local.LocalServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Listens on the control socket and runs one verb for each connection, each on its own virtual
 * thread. A user may have {@value #MAX_CONNECTIONS_OF_USER} connections at a time, so that nobody
 * keeps others from the agent. Closing drops the connections; verbs that run then go on to their
 * end, unheard: a move is not given up because its spectator is gone.
 */
public final class ControlServer implements AutoCloseable {
    /** Longest request. */
    public static final int MAX_REQUEST = 64 << 10;

    /** Connections one user may hold. */
    public static final int MAX_CONNECTIONS_OF_USER = 64;

    /** How long a client may take to read the next part of its answer. */
    private static final Duration CLIENT_PATIENCE = Duration.ofSeconds(30);

    private static final int ANYBODY = 0666;

    private final LocalServer server;
    private final Map<String, ControlVerb> verbs;
    private final Duration patience;
    private final Map<Integer, Integer> connectionsOfUser = new ConcurrentHashMap<>();

    /**
     * @param socket where to listen
     * @param verbs what can be asked, by name
     */
    public ControlServer(Path socket, Map<String, ControlVerb> verbs) {
        this(socket, verbs, CLIENT_PATIENCE);
    }

    ControlServer(Path socket, Map<String, ControlVerb> verbs, Duration patience) {
        this.verbs = Map.copyOf(verbs);
        this.patience = patience;
        this.server = new LocalServer(socket, ANYBODY, this::admit);
    }

    /** Listens; requests may come from now on. */
    public void start() throws IOException {
        server.start();
    }

    @Override
    public void close() {
        server.close();
    }

    private LocalHandler admit(LocalPeer peer) {
        int connections = connectionsOfUser.merge(peer.uid(), 1, Integer::sum);
        Runnable leave =
                () ->
                        connectionsOfUser.computeIfPresent(
                                peer.uid(), (uid, count) -> count == 1 ? null : count - 1);
        if (connections > MAX_CONNECTIONS_OF_USER) {
            return new Rejection(peer.uid(), leave);
        }
        Caller caller = new Caller(peer.uid(), peer.gid(), peer.pid());
        return new ControlSession(caller, verbs, patience, leave);
    }

    /** Tells a user with too many connections so, and hangs up. */
    private record Rejection(int uid, Runnable leave) implements LocalHandler {
        @Override
        public void onOpen(LocalConnection connection) {
            connection.send(
                    ByteBuffer.wrap(
                            Answer.fail(
                                    "BUSY",
                                    "this user has too many connections to the agent: uid="
                                            + uid
                                            + " limit="
                                            + MAX_CONNECTIONS_OF_USER,
                                    "wait until other mig commands have ended",
                                    JsonObject.EMPTY)));
            connection.close();
        }

        @Override
        public void onBytes(ByteBuffer bytes) {
            bytes.position(bytes.limit()); // the request does not matter any more
        }

        @Override
        public void onClosed() {
            leave.run();
        }
    }
}
