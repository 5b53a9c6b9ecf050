package io.mig.files.serve;

import io.mig.files.wire.NodeRef;
import io.mig.model.NodeId;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals what is handed to a host, so that it can give back only what it was given: HMAC-SHA-256,
 * cut to 96 bits, bound to the host. One thread.
 */
final class Seals {
    private final Mac mac;

    Seals(byte[] key) {
        try {
            mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no HmacSHA256 in this Java", e);
        }
    }

    NodeRef seal(NodeId host, byte[] identity) {
        byte[] bytes = Arrays.copyOf(identity, identity.length + NodeRef.SEAL_BYTES);
        System.arraycopy(tag(host, identity), 0, bytes, identity.length, NodeRef.SEAL_BYTES);
        return NodeRef.of(bytes);
    }

    boolean good(NodeId host, NodeRef ref) {
        return MessageDigest.isEqual(tag(host, ref.identity()), ref.seal());
    }

    byte[] tag(NodeId host, byte[] what) {
        mac.update(host.name().getBytes(StandardCharsets.US_ASCII));
        mac.update((byte) 0);
        return Arrays.copyOf(mac.doFinal(what), NodeRef.SEAL_BYTES);
    }
}
