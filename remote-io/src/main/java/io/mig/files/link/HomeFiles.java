package io.mig.files.link;

import io.mig.files.serve.FileService;
import io.mig.files.serve.FileServiceConfig;
import io.mig.files.serve.Vouched;
import io.mig.files.wire.BadFrameException;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.Responder;
import java.nio.ByteBuffer;

/**
 * Home's file service on the agents' connections. The agent hands requests of type {@link
 * FileMessages#REQUEST} over; changes are pushed by themselves.
 */
public final class HomeFiles implements AutoCloseable {
    private final FileService service;
    private final Packer packer;

    public HomeFiles(FileServiceConfig config, Vouched vouched, PeerNetwork network) {
        packer = new Packer(network);
        service =
                new FileService(
                        config,
                        vouched,
                        (host, frame) ->
                                network.send(host, FileMessages.message(FileMessages.PUSH, frame)),
                        network.repliesFromAnyThread());
    }

    public void start() {
        service.start();
    }

    /** Does not block; answers from another thread. */
    public void onRequest(NodeId from, PeerMessage request, Responder responder) {
        ByteBuffer frame;
        try {
            frame =
                    request.type() == FileMessages.PACKED_REQUEST
                            ? Packer.unpack(request)
                            : FileMessages.frame(request.body());
        } catch (BadFrameException e) {
            responder.fail(ErrorCode.BAD_REQUEST, String.valueOf(e.getMessage()));
            return;
        }
        service.handle(
                from,
                frame,
                reply ->
                        responder.reply(
                                packer.message(
                                        from,
                                        reply,
                                        FileMessages.REPLY,
                                        FileMessages.PACKED_REPLY)));
    }

    /** See {@link FileService#wordsFirst(NodeId)}. */
    public void wordsFirst(NodeId host) {
        service.wordsFirst(host);
    }

    public FileService service() {
        return service;
    }

    @Override
    public void close() {
        service.close();
    }
}
