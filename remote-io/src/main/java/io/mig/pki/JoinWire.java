package io.mig.pki;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.MessageLite;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Messages of the join conversation: four bytes of length, then Protobuf. */
final class JoinWire {
    static final int VERSION = 1;
    private static final int MAX_BYTES = 16 << 10;

    private JoinWire() {}

    static void write(OutputStream stream, MessageLite message) throws IOException {
        DataOutputStream out = new DataOutputStream(stream);
        byte[] bytes = message.toByteArray();
        out.writeInt(bytes.length);
        out.write(bytes);
        out.flush();
    }

    static CodedInputStream read(InputStream stream) throws IOException {
        DataInputStream in = new DataInputStream(stream);
        int length = in.readInt();
        if (length < 0 || length > MAX_BYTES) {
            throw new IOException(
                    "message length=" + length + " is out of bounds, at most " + MAX_BYTES);
        }
        byte[] bytes = new byte[length];
        in.readFully(bytes);
        return CodedInputStream.newInstance(bytes);
    }
}
