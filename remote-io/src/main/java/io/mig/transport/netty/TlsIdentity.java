package io.mig.transport.netty;

import java.nio.file.Path;

/**
 * Files that a node proves itself with: private key, its certificate and the cluster's authority,
 * all PEM.
 *
 * @param cluster the cluster's name, part of every certificate's URI
 */
public record TlsIdentity(String cluster, Path key, Path certificate, Path authority) {
    /** The usual file names in a directory. */
    public static TlsIdentity in(Path directory, String cluster) {
        return new TlsIdentity(
                cluster,
                directory.resolve("node.key"),
                directory.resolve("node.crt"),
                directory.resolve("ca.crt"));
    }
}
