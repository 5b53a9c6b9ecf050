package io.mig.pki;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * What a new node is given by hand: where to ask, how to know the authority, and a secret that
 * counts once.
 *
 * @param host where the node with the authority listens for joining nodes
 * @param expires when it stops being valid; whole seconds count
 * @param id public name of the token, 16 hex digits
 * @param secret 64 hex digits
 * @param pin SHA-256 of the authority's public key (SubjectPublicKeyInfo), 64 hex digits
 */
public record JoinToken(
        String host, int port, Instant expires, String id, String secret, String pin) {
    private static final String PREFIX = "mig1.";
    private static final int MAX_TEXT = 1024;

    public JoinToken {
        if (host.isEmpty() || host.length() > 255 || port < 1 || port > 65535) {
            throw new PkiException("no address for joining nodes: host=" + host + " port=" + port);
        }
        expires = Instant.ofEpochSecond(expires.getEpochSecond());
    }

    /** One line without spaces, to be copied; {@link #parse} reads it. */
    public String text() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeUTF(host);
            out.writeShort(port);
            out.writeLong(expires.getEpochSecond());
            out.write(HexFormat.of().parseHex(id));
            out.write(HexFormat.of().parseHex(secret));
            out.write(HexFormat.of().parseHex(pin));
            out.writeInt(checksum(bytes.toByteArray(), bytes.size()));
        } catch (IOException e) {
            throw new AssertionError("memory does not fail", e);
        }
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.toByteArray());
    }

    /**
     * @throws PkiException when the text was not copied completely
     */
    public static JoinToken parse(String text) {
        String trimmed = text.strip();
        if (!trimmed.startsWith(PREFIX) || trimmed.length() > MAX_TEXT) {
            throw new PkiException(
                    "this is no join token: tokens begin with \""
                            + PREFIX
                            + "\"; make one with \"mig cluster token\" on the node that holds the authority");
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(trimmed.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw damaged(e);
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            String host = in.readUTF();
            int port = in.readUnsignedShort();
            Instant expires = Instant.ofEpochSecond(in.readLong());
            String id = HexFormat.of().formatHex(exactly(in, 8));
            String secret = HexFormat.of().formatHex(exactly(in, 32));
            String pin = HexFormat.of().formatHex(exactly(in, 32));
            if (in.readInt() != checksum(bytes, bytes.length - 4) || in.available() > 0) {
                throw damaged(new IOException("checksum"));
            }
            return new JoinToken(host, port, expires, id, secret, pin);
        } catch (IOException | java.time.DateTimeException e) {
            throw damaged(e);
        }
    }

    private static byte[] exactly(DataInputStream in, int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return bytes;
    }

    private static PkiException damaged(Exception cause) {
        return new PkiException("the join token is damaged: copy the whole line", cause);
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    /** The pin of an authority. */
    static String pin(X509Certificate authority) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256")
                            .digest(authority.getPublicKey().getEncoded());
            return HexFormat.of().formatHex(hash);
        } catch (GeneralSecurityException e) {
            throw new PkiException("this Java runtime has no SHA-256: " + e, e);
        }
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "join token id=" + id + " host=" + host + " port=" + port + " expires=" + expires;
    }
}
