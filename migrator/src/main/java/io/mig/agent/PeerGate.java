package io.mig.agent;

import io.mig.files.link.FileMessages;
import io.mig.home.relay.RelayRouter;
import io.mig.migration.Calls;
import io.mig.migration.target.TargetDesk;
import io.mig.model.MoveId;
import io.mig.model.NodeId;
import io.mig.transport.BulkReceiver;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.Responder;

/** Hands what peers send to whom it concerns. */
final class PeerGate implements PeerHandler {
    private static final String IMAGES = "images:";

    private final Calls calls;
    private final RelayRouter router;
    private final TargetDesk target;
    private final FileDesk files;
    private final FilesFirst relayed;
    private final String bootId;

    PeerGate(
            Calls calls,
            RelayRouter router,
            TargetDesk target,
            FileDesk files,
            FilesFirst relayed,
            String bootId) {
        this.relayed = relayed;
        this.files = files;
        this.calls = calls;
        this.router = router;
        this.target = target;
        this.bootId = bootId;
    }

    @Override
    public boolean inline(int type) {
        return FileMessages.isRequest(type) || type == FileMessages.PUSH;
    }

    @Override
    public void onRequest(NodeId from, PeerMessage message, Responder responder) {
        if (!files.onRequest(from, message, responder)) {
            calls.onRequest(from, message, responder);
        }
    }

    @Override
    public void onMessage(NodeId from, PeerMessage message) {
        if (RelayRouter.isRelayMessage(message)) {
            router.onMessage(from, message);
        } else if (!files.onMessage(from, message)) {
            calls.onMessage(from, message);
        }
    }

    @Override
    public void onPeerUp(NodeId peer, PeerFacts facts) {
        router.onPeerUp(peer);
        files.onPeerUp(peer);
        calls.tell(peer, target.inventory(peer, bootId));
    }

    @Override
    public void onPeerDown(NodeId peer, String why) {
        relayed.onPeerDown(peer);
        router.onPeerDown(peer);
    }

    @Override
    public BulkReceiver onBulk(NodeId from, String streamId) {
        if (!streamId.startsWith(IMAGES)) {
            throw new IllegalArgumentException("unknown bulk stream=" + streamId);
        }
        return target.images(MoveId.parse(streamId.substring(IMAGES.length())));
    }
}
