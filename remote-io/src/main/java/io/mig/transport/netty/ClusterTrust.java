package io.mig.transport.netty;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Trusts certificates of the cluster's authority: the JDK's own check (PKIX), with reasons that a
 * person can act on. Host names are not looked at; {@link ControlHandler} compares node names
 * instead.
 */
final class ClusterTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager pkix;
    private final X509Certificate authority;
    private final InstantSource clock;

    ClusterTrust(X509Certificate authority, InstantSource clock) {
        this.authority = authority;
        this.clock = clock;
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("authority", authority);
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(store);
            this.pkix = (X509ExtendedTrustManager) only(factory.getTrustManagers());
        } catch (GeneralSecurityException | java.io.IOException e) {
            throw new IllegalStateException(
                    "cannot trust authority=" + authority.getSubjectX500Principal() + ": " + e, e);
        }
    }

    private static TrustManager only(TrustManager[] managers) {
        if (managers.length != 1) {
            throw new IllegalStateException("expected one trust manager, found " + managers.length);
        }
        return managers[0];
    }

    private CertificateException explained(X509Certificate[] chain, CertificateException cause) {
        if (chain.length == 0) {
            return new CertificateException("it has no certificate", cause);
        }
        X509Certificate certificate = chain[0];
        String name = Causes.brief(certificate.getSubjectX500Principal().getName());
        try {
            certificate.verify(authority.getPublicKey());
        } catch (GeneralSecurityException e) {
            return new CertificateException(
                    "its certificate ("
                            + name
                            + ") is of another authority: it belongs to another cluster, or joined before this one was made",
                    cause);
        }
        if (certificate.getNotAfter().toInstant().isBefore(clock.instant())) {
            return new CertificateException(
                    "its certificate ("
                            + name
                            + ") expired at "
                            + certificate.getNotAfter().toInstant()
                            + ": let the node join again",
                    cause);
        }
        if (certificate.getNotBefore().toInstant().isAfter(clock.instant())) {
            return new CertificateException(
                    "its certificate ("
                            + name
                            + ") is valid only from "
                            + certificate.getNotBefore().toInstant()
                            + ": set the clocks of both nodes right",
                    cause);
        }
        return new CertificateException(
                "its certificate (" + name + ") cannot be trusted: " + cause.getMessage(), cause);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        try {
            pkix.checkClientTrusted(chain, authType);
        } catch (CertificateException e) {
            throw explained(chain, e);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
            throws CertificateException {
        try {
            pkix.checkServerTrusted(chain, authType);
        } catch (CertificateException e) {
            throw explained(chain, e);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkServerTrusted(chain, authType);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[] {authority};
    }
}
