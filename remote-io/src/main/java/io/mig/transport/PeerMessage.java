package io.mig.transport;

import com.google.protobuf.ByteString;

/**
 * A message of some conversation. The transport does not know what it means.
 *
 * @param type number in the registry of the conversation's owner, 1..65535
 * @param body at most {@link #MAX_BODY} bytes
 */
public record PeerMessage(int type, ByteString body) {
    public static final int MAX_BODY = 4 << 20;

    public PeerMessage {
        if (type < 1 || type > 65535) {
            throw new IllegalArgumentException("message type=" + type + " outside 1..65535");
        }
        if (body.size() > MAX_BODY) {
            throw new IllegalArgumentException(
                    "message type=" + type + " bytes=" + body.size() + " above " + MAX_BODY);
        }
    }
}
