package io.mig.balance.policy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * A policy that may travel through the cluster: its text, signed by an administrator. Everybody may
 * carry it, nobody can change it.
 *
 * @param cluster for which cluster; one signed for another is refused
 * @param version of the text; the newest wins
 * @param text the file
 * @param keyId of the key that signed: beginning of the SHA-256 of the public key
 * @param algorithm {@code Ed25519} or {@code SHA256withECDSA}
 * @param signature over everything above
 */
public record SignedPolicy(
        String cluster,
        long version,
        String text,
        String keyId,
        String algorithm,
        String signature) {
    private static final String HEAD = "mig-policy 1";
    private static final int MAX_FIELD = 200;

    /**
     * Signs a text. It is read first: what is signed is valid.
     *
     * @param key EC (P-256) or Ed25519
     * @throws PolicyException when the text is no valid policy
     */
    public static SignedPolicy sign(
            String cluster, String text, PrivateKey key, PublicKey publicKey)
            throws GeneralSecurityException {
        long version = PolicyFile.parse(text).version();
        String algorithm = algorithm(key.getAlgorithm());
        Signature signer = Signature.getInstance(algorithm);
        signer.initSign(key);
        String keyId = keyId(publicKey);
        signer.update(toBeSigned(cluster, version, text, keyId, algorithm));
        return new SignedPolicy(
                cluster,
                version,
                text,
                keyId,
                algorithm,
                Base64.getEncoder().encodeToString(signer.sign()));
    }

    /**
     * Reads the policy if one of the administrators has signed exactly this for this cluster.
     *
     * @throws PolicyRefusedException when it must not be used
     */
    public Policy verify(String expectedCluster, List<PublicKey> administrators) {
        if (!cluster.equals(expectedCluster)) {
            throw new PolicyRefusedException(
                    "a policy for another cluster: cluster="
                            + cluster
                            + " expected="
                            + expectedCluster);
        }
        for (PublicKey key : administrators) {
            if (keyId(key).equals(keyId) && signedBy(key)) {
                Policy policy = parsed();
                if (policy.version() != version) {
                    throw new PolicyRefusedException(
                            "the version outside, version="
                                    + version
                                    + ", is not the one in the text, version="
                                    + policy.version());
                }
                return policy;
            }
        }
        throw new PolicyRefusedException(
                "no administrator of cluster="
                        + cluster
                        + " has signed this: version="
                        + version
                        + " key="
                        + keyId
                        + "; sign it with a key that the cluster knows");
    }

    private Policy parsed() {
        try {
            return PolicyFile.parse(text);
        } catch (PolicyException e) {
            throw new PolicyRefusedException(
                    "a signed policy of another release? version=" + version, e);
        }
    }

    private boolean signedBy(PublicKey key) {
        try {
            if (!algorithm(key.getAlgorithm()).equals(algorithm)) {
                return false;
            }
            Signature checker = Signature.getInstance(algorithm);
            checker.initVerify(key);
            checker.update(toBeSigned(cluster, version, text, keyId, algorithm));
            return checker.verify(Base64.getDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    private static byte[] toBeSigned(
            String cluster, long version, String text, String keyId, String algorithm) {
        byte[] head =
                (HEAD + "\n" + cluster + "\n" + version + "\n" + keyId + "\n" + algorithm + "\n")
                        .getBytes(StandardCharsets.UTF_8);
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(head.length + body.length).put(head).put(body).array();
    }

    private static String algorithm(String keyAlgorithm) {
        return switch (keyAlgorithm) {
            case "EC" -> "SHA256withECDSA";
            case "Ed25519", "EdDSA" -> "Ed25519";
            default ->
                    throw new PolicyRefusedException(
                            "key algorithm="
                                    + keyAlgorithm
                                    + " is not used here; use EC (P-256) or Ed25519");
        };
    }

    /** Short name of a key. */
    public static String keyId(PublicKey key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getEncoded());
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The form for files and messages: a few header lines, an empty line, the text. */
    public String encode() {
        return HEAD
                + "\ncluster "
                + cluster
                + "\nversion "
                + version
                + "\nkey "
                + keyId
                + "\nalgorithm "
                + algorithm
                + "\nsignature "
                + signature
                + "\n\n"
                + text;
    }

    /**
     * Reads {@link #encode()}'s form. Nothing is verified yet.
     *
     * @throws PolicyRefusedException when it has another form
     */
    public static SignedPolicy decode(String encoded) {
        int body = encoded.indexOf("\n\n");
        List<String> head = body < 0 ? List.of() : encoded.substring(0, body).lines().toList();
        if (head.size() != 6
                || !head.getFirst().equals(HEAD)
                || encoded.length() > PolicyFile.MAX_LENGTH + 6 * MAX_FIELD) {
            throw new PolicyRefusedException("this is no signed policy of format 1");
        }
        try {
            return new SignedPolicy(
                    field(head, 1, "cluster "),
                    Long.parseLong(field(head, 2, "version ")),
                    encoded.substring(body + 2),
                    field(head, 3, "key "),
                    field(head, 4, "algorithm "),
                    field(head, 5, "signature "));
        } catch (NumberFormatException e) {
            throw new PolicyRefusedException("this is no signed policy of format 1", e);
        }
    }

    private static String field(List<String> head, int line, String name) {
        String text = head.get(line);
        if (!text.startsWith(name) || text.length() > MAX_FIELD) {
            throw new PolicyRefusedException(
                    "this is no signed policy of format 1: line " + (line + 1));
        }
        return text.substring(name.length());
    }
}
