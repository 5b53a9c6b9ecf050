package io.mig.balance.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SignedPolicyTest {
    private static KeyPair pair(String algorithm) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        if (algorithm.equals("EC")) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        }
        return generator.generateKeyPair();
    }

    private static SignedPolicy signed(KeyPair by, int version) throws GeneralSecurityException {
        return SignedPolicy.sign(
                "lab", "version = " + version + "\n", by.getPrivate(), by.getPublic());
    }

    @Test
    void shouldTravelAndVerifyWithBothKindsOfKeys() throws GeneralSecurityException {
        for (String algorithm : List.of("EC", "Ed25519")) {
            KeyPair admin = pair(algorithm);
            SignedPolicy there = SignedPolicy.decode(signed(admin, 4).encode());

            assertThat(there.verify("lab", List.of(admin.getPublic())).version()).isEqualTo(4);
        }
    }

    @Test
    void shouldRefuseWhatWasChangedOrSignedByOthersOrForOthers() throws GeneralSecurityException {
        KeyPair admin = pair("Ed25519");
        KeyPair other = pair("Ed25519");
        SignedPolicy good = signed(admin, 4);
        List<java.security.PublicKey> admins = List.of(admin.getPublic());

        SignedPolicy changed =
                SignedPolicy.decode(good.encode().replace("version = 4", "version = 5"));
        assertThatThrownBy(() -> changed.verify("lab", admins))
                .isInstanceOf(PolicyRefusedException.class);
        SignedPolicy raised = SignedPolicy.decode(good.encode().replace("version 4", "version 5"));
        assertThatThrownBy(() -> raised.verify("lab", admins))
                .isInstanceOf(PolicyRefusedException.class);
        assertThatThrownBy(() -> good.verify("other", admins))
                .hasMessageContaining("another cluster");
        SignedPolicy stranger = signed(other, 4);
        assertThatThrownBy(() -> stranger.verify("lab", admins))
                .hasMessageContaining("no administrator");
        assertThatThrownBy(() -> SignedPolicy.decode("hello\n\nworld"))
                .isInstanceOf(PolicyRefusedException.class);
    }

    @Test
    void shouldLetTheNewestWinWhateverTheOrder() throws GeneralSecurityException {
        KeyPair admin = pair("EC");
        List<java.security.PublicKey> admins = List.of(admin.getPublic());
        SignedPolicy three = signed(admin, 3);
        SignedPolicy four = signed(admin, 4);
        SignedPolicy alsoFour = signed(admin, 4); // another signature: ECDSA is randomised
        PolicyInForce a = new PolicyInForce("lab", admins, Policy.USUAL);
        PolicyInForce b = new PolicyInForce("lab", admins, Policy.USUAL);

        assertThat(a.offerLocal(PolicyFile.parse("version = 99"))).isTrue();
        for (SignedPolicy p : List.of(three, four, alsoFour)) {
            a.offer(p);
        }
        for (SignedPolicy p : List.of(alsoFour, four, three)) {
            b.offer(p);
        }

        assertThat(a.signed()).isEqualTo(b.signed());
        assertThat(a.signedVersion()).isEqualTo(4);
        assertThat(a.offerLocal(Policy.USUAL)).isFalse();
        assertThat(a.policy().version()).isEqualTo(4);
    }
}
