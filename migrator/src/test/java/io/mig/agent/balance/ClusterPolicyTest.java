package io.mig.agent.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mig.balance.policy.Policy;
import io.mig.balance.policy.PolicyInForce;
import io.mig.balance.policy.SignedPolicy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterPolicyTest {
    @TempDir private Path directory;
    private final Events events = new Events(java.time.Clock.systemUTC());
    private KeyPair admin;
    private PolicyInForce inForce;
    private ClusterPolicy policy;

    private static KeyPair pair() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private PolicyInForce fresh() {
        return new PolicyInForce("lab", List.of(admin.getPublic()), Policy.USUAL);
    }

    private ClusterPolicy of(PolicyInForce rules) {
        return new ClusterPolicy(
                directory.resolve("balance/policy.signed"),
                rules,
                Optional.of(text -> signed(admin, text)),
                events);
    }

    private static SignedPolicy signed(KeyPair by, String text) throws GeneralSecurityException {
        return SignedPolicy.sign("lab", text, by.getPrivate(), by.getPublic());
    }

    @BeforeEach
    void aNode() {
        admin = pair();
        inForce = fresh();
        policy = of(inForce);
    }

    @Test
    void shouldBeObeyedAndKeptForTheNextAgentWhenItIsPublished() throws Exception {
        policy.publish("version = 3\n[automation]\ndial = 5\n");

        assertThat(inForce.policy().dial()).isEqualTo(5);
        PolicyInForce later = fresh();
        of(later).load();
        assertThat(later.signedVersion()).isEqualTo(3);
        assertThat(later.policy().dial()).isEqualTo(5);
    }

    @Test
    void shouldTakeTheNewestAndNoOlderOne() throws Exception {
        assertThat(policy.adopt(signed(admin, "version = 3\n"), "from b")).isTrue();
        assertThat(policy.adopt(signed(admin, "version = 2\n"), "from c")).isFalse();
        assertThat(policy.adopt(signed(admin, "version = 4\n"), "from c")).isTrue();
        assertThat(inForce.signedVersion()).isEqualTo(4);
    }

    @Test
    void shouldRefuseAndTellWhenAStrangerSignedIt() throws Exception {
        assertThat(policy.adopt(signed(pair(), "version = 9\n"), "from c")).isFalse();

        assertThat(inForce.signedVersion()).isZero();
        assertThat(events.after(0).getLast().text()).contains("refused, from c", "administrator");
        assertThat(directory.resolve("balance/policy.signed")).doesNotExist();
    }

    @Test
    void shouldKeepTheOldOneWhenANewOneIsWrong() throws Exception {
        policy.adopt(signed(admin, "version = 3\n"), "from b");

        assertThatThrownBy(() -> policy.publish("version = 4\nverison = 5\n"))
                .hasMessageContaining("did you mean version?");
        assertThat(inForce.signedVersion()).isEqualTo(3);
    }

    @Test
    void shouldGoOnWithoutWhenTheKeptFileIsDamaged() throws IOException {
        Files.createDirectories(directory.resolve("balance"));
        Files.writeString(directory.resolve("balance/policy.signed"), "junk");
        policy.load();

        assertThat(inForce.policy()).isEqualTo(Policy.USUAL);
    }
}
