package io.mig.agent.balance;

import io.mig.balance.policy.SignedPolicy;
import java.security.GeneralSecurityException;

/** Signs the text of a policy; only the node with the authority's key can. */
@FunctionalInterface
public interface PolicySigner {
    SignedPolicy sign(String text) throws GeneralSecurityException;
}
