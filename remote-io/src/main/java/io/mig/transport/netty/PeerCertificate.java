package io.mig.transport.netty;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Reads who a peer is from the certificate that TLS has verified. */
final class PeerCertificate {
    private static final int SAN_URI = 6;

    private PeerCertificate() {}

    /**
     * The peer's URI {@code mig://CLUSTER/node/NAME}.
     *
     * @throws IllegalArgumentException when there is none
     */
    static String uri(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        try {
            X509Certificate certificate =
                    (X509Certificate) tls.engine().getSession().getPeerCertificates()[0];
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names != null) {
                for (List<?> name : names) {
                    if (name.get(0).equals(SAN_URI) && name.get(1) instanceof String uri) {
                        return uri;
                    }
                }
            }
        } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
            throw new IllegalArgumentException(
                    "peer has no readable certificate: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException("peer's certificate names no node");
    }
}
