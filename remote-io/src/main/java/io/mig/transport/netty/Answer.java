package io.mig.transport.netty;

import io.mig.model.ErrorCode;
import io.mig.transport.PeerMessage;
import io.mig.transport.Responder;
import io.netty.channel.Channel;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The answer to one request, over the connection that it came by: when that is gone, so is whoever
 * asked.
 */
final class Answer implements Responder {
    private final PeerLink link;
    private final Channel to;
    private final long id;
    private final AtomicBoolean given = new AtomicBoolean();

    Answer(PeerLink link, Channel to, long id) {
        this.link = link;
        this.to = to;
        this.id = id;
    }

    @Override
    public void reply(PeerMessage message) {
        if (given.compareAndSet(false, true)) {
            link.write(to, Wire.REPLY, id, message.type(), message.body());
        }
    }

    @Override
    public void fail(ErrorCode code, String message) {
        if (given.compareAndSet(false, true)) {
            link.write(to, Wire.ERROR, id, code.number(), Wire.text(message));
        }
    }
}
