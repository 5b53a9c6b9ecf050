package io.mig.pki;

import com.google.protobuf.ByteString;
import io.mig.model.NodeId;
import io.mig.wire.proto.JoinReply;
import io.mig.wire.proto.JoinRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers joining nodes, on a port of its own because they have no certificate yet (TLS 1.3, server
 * authentication only). Runs on the node that holds the authority. Each connection is one question,
 * has ten seconds and a virtual thread; more than a few at a time are closed unanswered.
 */
public final class JoinServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JoinServer.class);
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int AT_ONCE = 16;

    private final ClusterAuthority authority;
    private final NodeIdentity identity;
    private final InetSocketAddress address;
    private final Semaphore room = new Semaphore(AT_ONCE);
    private volatile @Nullable SSLServerSocket listener;

    /**
     * @param identity of the node it runs on
     * @param address where to listen; port 0 chooses a free one
     */
    public JoinServer(
            ClusterAuthority authority, NodeIdentity identity, InetSocketAddress address) {
        this.authority = authority;
        this.identity = identity;
        this.address = address;
    }

    /** Listens. */
    public void start() throws IOException {
        SSLServerSocket socket;
        try {
            socket = (SSLServerSocket) context().getServerSocketFactory().createServerSocket();
        } catch (GeneralSecurityException e) {
            throw new PkiException(
                    "cannot listen for joining nodes with " + identity + ": " + e, e);
        }
        try {
            socket.setEnabledProtocols(new String[] {"TLSv1.3"});
            socket.setReuseAddress(true);
            socket.bind(address);
        } catch (IOException e) {
            socket.close();
            throw new IOException(
                    "cannot listen for joining nodes on address=" + address + ": " + e.getMessage(),
                    e);
        }
        listener = socket;
        Thread.ofVirtual().name("join-accept").start(() -> accept(socket));
    }

    /** The port it listens on. */
    public int boundPort() {
        SSLServerSocket socket = listener;
        if (socket == null) {
            throw new IllegalStateException("join server is not started");
        }
        return socket.getLocalPort();
    }

    private void accept(SSLServerSocket socket) {
        while (!socket.isClosed()) {
            try {
                SSLSocket client = (SSLSocket) socket.accept();
                if (!room.tryAcquire()) {
                    client.close();
                    continue;
                }
                Thread.ofVirtual().name("join").start(() -> serve(client));
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    LOG.warn(
                            "cannot accept joining nodes: address={} reason={}",
                            address,
                            e.getMessage());
                    pause();
                }
            }
        }
    }

    /** Out of descriptors, most likely: trying at once again would only burn a core. */
    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(200);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(SSLSocket client) {
        // one limit for everything: a client that sends a byte now and then does not get more
        CompletableFuture<Void> limit =
                CompletableFuture.runAsync(
                        () -> closeQuietly(client),
                        CompletableFuture.delayedExecutor(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
        try (client) {
            client.startHandshake();
            JoinRequest request = JoinRequest.parseFrom(JoinWire.read(client.getInputStream()));
            JoinWire.write(client.getOutputStream(), answer(request, client));
        } catch (IOException | RuntimeException e) {
            LOG.warn(
                    "closed a connection of a joining node: from={} reason={}",
                    client.getInetAddress(),
                    e.toString());
        } finally {
            limit.cancel(false);
            room.release();
        }
    }

    private JoinReply answer(JoinRequest request, Socket client) throws IOException {
        try {
            X509Certificate certificate = redeem(request);
            LOG.info(
                    "node joined: node={} from={} token={}",
                    NodeUri.of(certificate),
                    client.getInetAddress(),
                    request.getTokenId());
            return JoinReply.newBuilder()
                    .setCluster(authority.cluster())
                    .setNodeCertificate(ByteString.copyFrom(certificate.getEncoded()))
                    .setAuthorityCertificate(
                            ByteString.copyFrom(authority.certificate().getEncoded()))
                    .build();
        } catch (PkiException e) {
            LOG.warn(
                    "refused a joining node: from={} reason={}",
                    client.getInetAddress(),
                    e.getMessage());
            return JoinReply.newBuilder().setRefused(String.valueOf(e.getMessage())).build();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private X509Certificate redeem(JoinRequest request) throws IOException {
        if (request.getVersion() != JoinWire.VERSION) {
            throw new PkiException(
                    "join version="
                            + request.getVersion()
                            + " is not spoken here, only version="
                            + JoinWire.VERSION
                            + ": install the same release of mig on both nodes");
        }
        NodeId node;
        try {
            node = new NodeId(request.getNode());
        } catch (IllegalArgumentException e) {
            throw new PkiException(String.valueOf(e.getMessage()), e);
        }
        byte[] csr = request.getCsr().toByteArray();
        TokenStore tokens = authority.tokens();
        TokenStore.Entry token = tokens.find(request.getTokenId());
        byte[] expected =
                JoinProof.of(
                        HexFormat.of().parseHex(token.secret()), node, csr, identity.certificate());
        if (!MessageDigest.isEqual(expected, request.getProof().toByteArray())) {
            throw new PkiException(
                    "the proof for join token id="
                            + request.getTokenId()
                            + " is wrong: the token was not copied right, or this connection is being intercepted");
        }
        if (token.onlyFor().isPresent() && !token.onlyFor().get().equals(node)) {
            throw new PkiException(
                    "join token id="
                            + request.getTokenId()
                            + " is for node="
                            + token.onlyFor().get()
                            + ", not for node="
                            + node);
        }
        if (node.equals(identity.node())) {
            throw new PkiException(
                    "the name node=" + node + " belongs to the node that holds the authority");
        }
        JcaPKCS10CertificationRequest wanted = verified(csr);
        boolean replace = token.onlyFor().isPresent();
        if (!replace && authority.hasIssued(node)) {
            throw authority.taken(node);
        }
        tokens.use(request.getTokenId(), node);
        try {
            return authority.sign(node, wanted.getPublicKey(), replace);
        } catch (GeneralSecurityException e) {
            throw new PkiException("the public key of node=" + node + " cannot be used: " + e, e);
        }
    }

    /** A certificate request whose sender has the key it names. */
    private static JcaPKCS10CertificationRequest verified(byte[] der) {
        try {
            JcaPKCS10CertificationRequest csr = new JcaPKCS10CertificationRequest(der);
            if (!"EC".equals(csr.getPublicKey().getAlgorithm())
                    || !csr.isSignatureValid(
                            new JcaContentVerifierProviderBuilder().build(csr.getPublicKey()))) {
                throw new PkiException(
                        "the certificate request is not signed by the EC key it names");
            }
            return csr;
        } catch (IOException
                | GeneralSecurityException
                | OperatorCreationException
                | PKCSException e) {
            throw new PkiException("the certificate request cannot be read: " + e.getMessage(), e);
        }
    }

    private SSLContext context() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "node",
                identity.key(),
                new char[0],
                new Certificate[] {identity.certificate(), authority.certificate()});
        KeyManagerFactory keys =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("cannot close a socket", e);
        }
    }

    @Override
    public void close() {
        SSLServerSocket socket = listener;
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                LOG.debug("cannot close the socket for joining nodes", e);
            }
        }
    }
}
