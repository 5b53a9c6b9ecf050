package io.mig.pki;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;

/**
 * Keys and certificates as PEM files (RFC 7468). Writing is atomic and durable: a file is either
 * the old one or complete. Secrets are created with mode 0600, never widened afterwards.
 */
final class PemFiles {
    static final Set<PosixFilePermission> SECRET = PosixFilePermissions.fromString("rw-------");
    static final Set<PosixFilePermission> PUBLIC = PosixFilePermissions.fromString("rw-r--r--");
    static final Set<PosixFilePermission> SECRET_DIRECTORY =
            PosixFilePermissions.fromString("rwx------");
    private static final int MAX_BYTES = 64 << 10;

    private PemFiles() {}

    static void writeKey(Path file, PrivateKey key) throws IOException {
        write(file, pem("PRIVATE KEY", key.getEncoded()), SECRET);
    }

    static void writeCertificate(Path file, X509Certificate certificate) throws IOException {
        try {
            write(file, pem("CERTIFICATE", certificate.getEncoded()), PUBLIC);
        } catch (CertificateEncodingException e) {
            throw new IOException("cannot write certificate file=" + file, e);
        }
    }

    static void write(Path file, String text, Set<PosixFilePermission> permissions)
            throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(temporary);
        Files.createFile(temporary, PosixFilePermissions.asFileAttribute(permissions));
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        // a umask may have taken bits away from the public ones
        Files.setPosixFilePermissions(temporary, permissions);
        Files.move(
                temporary,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel directory = FileChannel.open(file.toAbsolutePath().getParent())) {
            directory.force(true);
        }
    }

    static PrivateKey readKey(Path file) {
        Set<PosixFilePermission> permissions;
        try {
            permissions = Files.getPosixFilePermissions(file);
        } catch (IOException e) {
            throw new PkiException("cannot read key file=" + file + ": " + e, e);
        }
        if (!SECRET.containsAll(permissions)) {
            throw new PkiException(
                    "key file="
                            + file
                            + " may be read by others ("
                            + PosixFilePermissions.toString(permissions)
                            + "): chmod 600 it, and make a new identity if others could log in");
        }
        try {
            return KeyFactory.getInstance("EC")
                    .generatePrivate(new PKCS8EncodedKeySpec(der(file, "PRIVATE KEY")));
        } catch (GeneralSecurityException e) {
            throw new PkiException(
                    "file=" + file + " holds no EC key in PKCS #8 form: " + e.getMessage(), e);
        }
    }

    static X509Certificate readCertificate(Path file) {
        try {
            return certificate(der(file, "CERTIFICATE"));
        } catch (GeneralSecurityException e) {
            throw new PkiException("file=" + file + " holds no certificate: " + e.getMessage(), e);
        }
    }

    static X509Certificate certificate(byte[] der) throws GeneralSecurityException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(new ByteArrayInputStream(der));
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN "
                + label
                + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
                + "\n-----END "
                + label
                + "-----\n";
    }

    private static byte[] der(Path file, String label) {
        String text;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new PkiException("file=" + file + " is too large to be a PEM file of ours");
            }
            text = Files.readString(file, StandardCharsets.US_ASCII);
        } catch (IOException e) {
            throw new PkiException("cannot read file=" + file + ": " + e, e);
        }
        String begin = "-----BEGIN " + label + "-----";
        int from = text.indexOf(begin);
        int to = text.indexOf("-----END " + label + "-----");
        if (from < 0 || to < from) {
            throw new PkiException("file=" + file + " has no PEM block " + label);
        }
        try {
            return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
        } catch (IllegalArgumentException e) {
            throw new PkiException("file=" + file + " has a damaged PEM block " + label, e);
        }
    }
}
