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

    /**
     * {@link #REQUEST} and {@link #REPLY} compressed by zstd; a request so may be answered plain.
     */
    public static final int PACKED_REQUEST = 303;

    public static final int PACKED_REPLY = 304;

    private FileMessages() {}

    /** Whether a message is for a home. */
    public static boolean isRequest(int type) {
        return type == REQUEST || type == PACKED_REQUEST;
    }

    /** Whether a message belongs to this conversation. */
    public static boolean isOurs(int type) {
        return type >= REQUEST && type <= PACKED_REPLY;
    }

    /** Without a copy: the frame must not change any more. */
    public static PeerMessage message(int type, ByteBuffer frame) {
        return new PeerMessage(type, UnsafeByteOperations.unsafeWrap(frame));
    }

    public static ByteBuffer frame(ByteString body) {
        return body.asReadOnlyByteBuffer();
    }
}
