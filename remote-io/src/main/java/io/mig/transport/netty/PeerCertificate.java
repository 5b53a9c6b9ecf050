package io.mig.transport.netty;

import io.mig.pki.NodeUri;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/** Reads who a peer is from the certificate that TLS has verified. */
final class PeerCertificate {
    private PeerCertificate() {}

    /**
     * The node that the peer's certificate names.
     *
     * @throws io.mig.pki.PkiException when it names none
     */
    static NodeUri uri(Channel channel) {
        return uri(channel.pipeline().get(SslHandler.class).engine().getSession());
    }

    static NodeUri uri(SSLSession session) {
        try {
            return NodeUri.of((X509Certificate) session.getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException e) {
            throw new ProtocolException("it has no certificate: " + e.getMessage());
        }
    }
}
