package io.mig.transport.netty;

import io.mig.pki.NodeIdentity;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/** A member of the cluster that misbehaves: says over good TLS exactly what a test wants. */
final class RawPeer implements AutoCloseable {
    private final SSLSocket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    RawPeer(NodeIdentity identity, int port) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "node", identity.key(), new char[0], new Certificate[] {identity.certificate()});
        store.setCertificateEntry("authority", identity.authority());
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        KeyManager[] managers = keys.getKeyManagers();
        context.init(managers, trust.getTrustManagers(), null);
        socket =
                (SSLSocket)
                        context.getSocketFactory()
                                .createSocket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        socket.startHandshake();
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    void send(byte kind, byte[] body) throws IOException {
        out.writeInt(Wire.HEADER + body.length);
        out.writeByte(kind);
        out.writeLong(0);
        out.writeShort(0);
        out.write(body);
        out.flush();
    }

    void sendRaw(int number) throws IOException {
        out.writeInt(number);
        out.flush();
    }

    /** Kind of the next frame. */
    byte read() throws IOException {
        int length = in.readInt();
        byte[] frame = new byte[length];
        in.readFully(frame);
        return frame[0];
    }

    /** Reads until the other side closes. */
    void awaitEnd() throws IOException {
        try {
            while (true) {
                read();
            }
        } catch (EOFException | SocketException | SSLException e) {
            // closed, with or without a goodbye
            return;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
