package io.mig.files.link;

import io.mig.files.serve.FileService;
import io.mig.files.serve.FileServiceConfig;
import io.mig.files.serve.Vouched;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.Responder;

/**
 * Home's file service on the agents' connections. The agent hands requests of type {@link
 * FileMessages#REQUEST} over; changes are pushed by themselves.
 */
public final class HomeFiles implements AutoCloseable {
    private final FileService service;

    public HomeFiles(FileServiceConfig config, Vouched vouched, PeerNetwork network) {
        service =
                new FileService(
                        config,
                        vouched,
                        (host, frame) ->
                                network.send(host, FileMessages.message(FileMessages.PUSH, frame)));
    }

    public void start() {
        service.start();
    }

    /** Does not block; answers from another thread. */
    public void onRequest(NodeId from, PeerMessage request, Responder responder) {
        service.handle(
                from,
                FileMessages.frame(request.body()),
                reply -> responder.reply(FileMessages.message(FileMessages.REPLY, reply)));
    }

    public FileService service() {
        return service;
    }

    @Override
    public void close() {
        service.close();
    }
}
