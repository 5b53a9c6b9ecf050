package io.mig.pki;

import io.mig.model.NodeId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Proof that a joining node knows a token's secret: HMAC-SHA256 over what it asks for <em>and</em>
 * over the certificate of the TLS connection it asks on, so that a proof that was caught elsewhere
 * is worth nothing here.
 */
final class JoinProof {
    private static final byte[] PURPOSE = "mig join 1".getBytes(StandardCharsets.US_ASCII);

    private JoinProof() {}

    static byte[] of(byte[] secret, NodeId node, byte[] csr, X509Certificate server) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            for (byte[] part :
                    new byte[][] {
                        PURPOSE,
                        node.name().getBytes(StandardCharsets.US_ASCII),
                        csr,
                        server.getEncoded()
                    }) {
                mac.update(ByteBuffer.allocate(4).putInt(part.length).array());
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new PkiException("cannot prove knowledge of a join token: " + e, e);
        }
    }
}
