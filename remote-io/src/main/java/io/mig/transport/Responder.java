package io.mig.transport;

import io.mig.model.ErrorCode;

/** Answers one request, once; later answers are ignored. Any thread. */
public interface Responder {
    void reply(PeerMessage message);

    void fail(ErrorCode code, String message);
}
