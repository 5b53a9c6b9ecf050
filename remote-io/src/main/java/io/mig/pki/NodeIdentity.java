package io.mig.pki;

import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;

/**
 * What proves that a node is itself: its key, its certificate, and the authority all nodes trust.
 * Files {@code node.key} (0600), {@code node.crt}, {@code ca.crt} in the pki directory.
 */
public record NodeIdentity(
        NodeUri name, PrivateKey key, X509Certificate certificate, X509Certificate authority) {
    static final String KEY_FILE = "node.key";
    static final String CERTIFICATE_FILE = "node.crt";
    static final String AUTHORITY_FILE = "ca.crt";

    /**
     * @throws PkiException when the three do not belong together
     */
    public NodeIdentity {
        if (!NodeUri.of(certificate).equals(name)) {
            throw new PkiException(
                    "certificate names " + NodeUri.of(certificate) + ", expected " + name);
        }
        try {
            certificate.verify(authority.getPublicKey());
        } catch (GeneralSecurityException e) {
            throw new PkiException(
                    "certificate of " + name + " was not signed by the authority beside it", e);
        }
        if (!fits(key, certificate.getPublicKey())) {
            throw new PkiException("the key beside the certificate of " + name + " is not its key");
        }
    }

    /**
     * Reads the identity of this node.
     *
     * @throws PkiException when files are missing, readable by others, or do not fit each other
     */
    public static NodeIdentity load(Path pkiDirectory) {
        Path file = pkiDirectory.resolve(CERTIFICATE_FILE);
        if (!Files.exists(file)) {
            throw new PkiException(
                    "this node has no identity yet, file="
                            + file
                            + " is missing: run \"mig cluster init\" on the first node, \"mig join TOKEN\" on the others");
        }
        X509Certificate certificate = PemFiles.readCertificate(file);
        return new NodeIdentity(
                NodeUri.of(certificate),
                PemFiles.readKey(pkiDirectory.resolve(KEY_FILE)),
                certificate,
                PemFiles.readCertificate(pkiDirectory.resolve(AUTHORITY_FILE)));
    }

    /**
     * Writes the three files, creating the directory; the certificate last, because it is what
     * {@link #load} looks for.
     */
    public void save(Path pkiDirectory) throws IOException {
        Files.createDirectories(
                pkiDirectory,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        PemFiles.writeKey(pkiDirectory.resolve(KEY_FILE), key);
        PemFiles.writeCertificate(pkiDirectory.resolve(AUTHORITY_FILE), authority);
        PemFiles.writeCertificate(pkiDirectory.resolve(CERTIFICATE_FILE), certificate);
    }

    public NodeId node() {
        return name.node();
    }

    public String cluster() {
        return name.cluster();
    }

    /** Until when other nodes accept it. */
    public Instant expires() {
        return certificate.getNotAfter().toInstant();
    }

    private static boolean fits(PrivateKey key, PublicKey publicKey) {
        try {
            byte[] probe = {'m', 'i', 'g'};
            Signature signer = Signature.getInstance("SHA256withECDSA");
            signer.initSign(key);
            signer.update(probe);
            byte[] signature = signer.sign();
            signer.initVerify(publicKey);
            signer.update(probe);
            return signer.verify(signature);
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "identity of " + name + " until " + expires();
    }
}
