package io.mig.pki;

import io.mig.model.NodeId;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a node in its certificate: the subject alternative name {@code
 * mig://CLUSTER/node/NAME} (URI, RFC 5280 section 4.2.1.6).
 */
public record NodeUri(String cluster, NodeId node) {
    private static final Pattern FORM =
            Pattern.compile("mig://([a-z0-9][a-z0-9-]{0,62})/node/([a-z0-9][a-z0-9-]{0,62})");
    private static final int URI = 6;

    public NodeUri {
        ClusterName.checked(cluster);
    }

    /**
     * Reads it from a certificate.
     *
     * @throws PkiException when there is none, or more than one
     */
    public static NodeUri of(X509Certificate certificate) {
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException e) {
            throw new PkiException("the certificate's names cannot be read: " + e.getMessage(), e);
        }
        NodeUri found = null;
        for (List<?> name : names == null ? List.<List<?>>of() : names) {
            if (name.get(0) instanceof Integer kind
                    && kind == URI
                    && name.get(1) instanceof String text) {
                Matcher matcher = FORM.matcher(text);
                if (!matcher.matches()) {
                    continue;
                }
                if (found != null) {
                    throw new PkiException("the certificate names more than one node");
                }
                found = new NodeUri(matcher.group(1), new NodeId(matcher.group(2)));
            }
        }
        if (found == null) {
            throw new PkiException("the certificate names no node (mig://CLUSTER/node/NAME)");
        }
        return found;
    }

    @Override
    public String toString() {
        return "mig://" + cluster + "/node/" + node;
    }
}
