package io.mig.transport.netty;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * TLS 1.3 for both directions; both sides must show a certificate of the cluster's authority. Host
 * names are not checked: the certificate's URI is, after the handshake. By BoringSSL where it can
 * be loaded (tcnative, twice as fast), else by the JDK. Engines are released by whoever made them.
 */
record TlsContexts(SslContext server, SslContext client, SslProvider provider)
        implements AutoCloseable {
    static SslProvider best() {
        return OpenSsl.isAvailable() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK;
    }

    static TlsContexts load(TlsIdentity identity, SslProvider provider) throws IOException {
        for (Path file :
                new Path[] {identity.key(), identity.certificate(), identity.authority()}) {
            if (!Files.isReadable(file)) {
                throw new IOException(
                        "this node has no identity yet: file="
                                + file
                                + " is missing; run `mig cluster init` on the first node or `mig join TOKEN`");
            }
        }
        ClusterTrust trust =
                new ClusterTrust(certificate(identity.authority()), InstantSource.system());
        SslContext server =
                SslContextBuilder.forServer(
                                identity.certificate().toFile(), identity.key().toFile())
                        .trustManager(trust)
                        .clientAuth(ClientAuth.REQUIRE)
                        .sslProvider(provider)
                        .protocols("TLSv1.3")
                        .build();
        SslContext client =
                SslContextBuilder.forClient()
                        .keyManager(identity.certificate().toFile(), identity.key().toFile())
                        .trustManager(trust)
                        .endpointIdentificationAlgorithm("")
                        .sslProvider(provider)
                        .protocols("TLSv1.3")
                        .build();
        return new TlsContexts(server, client, provider);
    }

    private static X509Certificate certificate(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(in);
        } catch (CertificateException e) {
            throw new IOException("file=" + file + " holds no certificate: " + e.getMessage(), e);
        }
    }

    /** What is used and, when it is the slower one, why. */
    String description() {
        if (provider != SslProvider.JDK) {
            return OpenSsl.versionString();
        }
        @Nullable Throwable missing = OpenSsl.unavailabilityCause();
        return missing == null
                ? "JDK"
                : "JDK (tcnative would be twice as fast: " + missing.getMessage() + ")";
    }

    @Override
    public void close() {
        ReferenceCountUtil.release(server);
        ReferenceCountUtil.release(client);
    }
}
