package io.mig.transport.netty;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * TLS 1.3 for both directions; both sides must show a certificate of the cluster's authority. Host
 * names are not checked: the certificate's URI is, after the handshake.
 */
record TlsContexts(SslContext server, SslContext client, SslProvider provider) {
    static TlsContexts load(TlsIdentity identity) throws IOException {
        for (Path file :
                new Path[] {identity.key(), identity.certificate(), identity.authority()}) {
            if (!Files.isReadable(file)) {
                throw new IOException(
                        "this node has no identity yet: file="
                                + file
                                + " is missing; run `mig cluster init` on the first node or `mig join TOKEN`");
            }
        }
        SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
        SslContext server =
                SslContextBuilder.forServer(
                                identity.certificate().toFile(), identity.key().toFile())
                        .trustManager(identity.authority().toFile())
                        .clientAuth(ClientAuth.REQUIRE)
                        .sslProvider(provider)
                        .protocols("TLSv1.3")
                        .build();
        SslContext client =
                SslContextBuilder.forClient()
                        .keyManager(identity.certificate().toFile(), identity.key().toFile())
                        .trustManager(identity.authority().toFile())
                        .endpointIdentificationAlgorithm("")
                        .sslProvider(provider)
                        .protocols("TLSv1.3")
                        .build();
        return new TlsContexts(server, client, provider);
    }
}
