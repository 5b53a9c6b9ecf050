package io.mig.pki;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.X509TrustManager;

/**
 * Trusts exactly those servers whose certificate was signed by the authority with the given key.
 */
final class PinnedAuthority implements X509TrustManager {
    private final String pin;

    PinnedAuthority(String pin) {
        this.pin = pin;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        X509Certificate authority = chain[chain.length - 1];
        if (chain.length != 2 || !JoinToken.pin(authority).equals(pin)) {
            throw new CertificateException(
                    "the server's authority is not the one that made the join token");
        }
        chain[0].checkValidity();
        authority.checkValidity();
        try {
            chain[0].verify(authority.getPublicKey());
        } catch (GeneralSecurityException e) {
            throw new CertificateException(
                    "the server's certificate is not signed by its authority", e);
        }
        NodeUri.of(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        throw new CertificateException("only servers are checked by a join token");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
