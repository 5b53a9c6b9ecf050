package io.mig.pki;

import com.google.protobuf.ByteString;
import io.mig.model.NodeId;
import io.mig.wire.proto.JoinReply;
import io.mig.wire.proto.JoinRequest;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * Gets a node its identity with a token: makes the key here (it never leaves the node), checks the
 * authority's pin before anything is said, proves the secret, and checks what comes back. Blocks
 * for at most about ten seconds per step; one thread.
 */
public final class JoinClient {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final InstantSource clock;

    public JoinClient(InstantSource clock) {
        this.clock = clock;
    }

    /**
     * Joins the cluster of the token. Nothing is written; {@link NodeIdentity#save} does.
     *
     * @throws PkiException when refused, with the reason for the reader
     */
    public NodeIdentity join(JoinToken token, NodeId node) {
        if (!clock.instant().isBefore(token.expires())) {
            throw new PkiException(
                    "join token id="
                            + token.id()
                            + " expired at "
                            + token.expires()
                            + ": make a new one with \"mig cluster token\" (or set this node's clock right)");
        }
        String server = token.host() + ":" + token.port();
        try (Socket plain = new Socket()) {
            plain.connect(
                    new InetSocketAddress(token.host(), token.port()), (int) LIMIT.toMillis());
            plain.setSoTimeout((int) LIMIT.toMillis());
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(null, new TrustManager[] {new PinnedAuthority(token.pin())}, null);
            try (SSLSocket socket =
                    (SSLSocket)
                            context.getSocketFactory()
                                    .createSocket(plain, token.host(), token.port(), true)) {
                socket.setEnabledProtocols(new String[] {"TLSv1.3"});
                socket.startHandshake();
                return ask(socket, token, node);
            }
        } catch (SSLException e) {
            throw new PkiException(
                    "cannot trust the server that the join token names: server="
                            + server
                            + " reason="
                            + e.getMessage()
                            + ": check the token, and that nobody stands between",
                    e);
        } catch (IOException e) {
            throw new PkiException(
                    "cannot ask for a certificate: server="
                            + server
                            + " reason="
                            + e.getMessage()
                            + ": check that the agent of that node runs and that this port is open",
                    e);
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new PkiException("cannot join: server=" + server + " reason=" + e, e);
        }
    }

    private NodeIdentity ask(SSLSocket socket, JoinToken token, NodeId node)
            throws IOException, GeneralSecurityException, OperatorCreationException {
        KeyPair pair = ClusterAuthority.newKeyPair();
        byte[] csr =
                new JcaPKCS10CertificationRequestBuilder(
                                new X500Name("CN=" + node), pair.getPublic())
                        .build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(pair.getPrivate()))
                        .getEncoded();
        X509Certificate server = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        byte[] proof = JoinProof.of(HexFormat.of().parseHex(token.secret()), node, csr, server);
        JoinWire.write(
                socket.getOutputStream(),
                JoinRequest.newBuilder()
                        .setVersion(JoinWire.VERSION)
                        .setTokenId(token.id())
                        .setNode(node.name())
                        .setCsr(ByteString.copyFrom(csr))
                        .setProof(ByteString.copyFrom(proof))
                        .build());
        JoinReply reply = JoinReply.parseFrom(JoinWire.read(socket.getInputStream()));
        if (!reply.getRefused().isEmpty()) {
            throw new PkiException("the cluster refused this node: " + reply.getRefused());
        }
        X509Certificate authority =
                PemFiles.certificate(reply.getAuthorityCertificate().toByteArray());
        if (!JoinToken.pin(authority).equals(token.pin())) {
            throw new PkiException(
                    "the authority in the answer is not the one that made the join token");
        }
        return new NodeIdentity(
                new NodeUri(reply.getCluster(), node),
                pair.getPrivate(),
                PemFiles.certificate(reply.getNodeCertificate().toByteArray()),
                authority);
    }
}
