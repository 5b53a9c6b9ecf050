package io.mig.files.link;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.mig.transport.PeerMessage;
import java.nio.ByteBuffer;

/** The types of messages of this conversation, and frames as their bodies. */
public final class FileMessages {
    /** Host to home, a request; answered by {@link #REPLY}. May come twice. */
    public static final int REQUEST = 300;

    public static final int REPLY = 301;

    /** Home to host, one way: what to believe no longer. May get lost with the connection. */
    public static final int PUSH = 302;

    private FileMessages() {}

    /** Whether a message belongs to this conversation. */
    public static boolean isOurs(int type) {
        return type >= REQUEST && type <= PUSH;
    }

    /** Without a copy: the frame must not change any more. */
    public static PeerMessage message(int type, ByteBuffer frame) {
        return new PeerMessage(type, UnsafeByteOperations.unsafeWrap(frame));
    }

    public static ByteBuffer frame(ByteString body) {
        return body.asReadOnlyByteBuffer();
    }
}
