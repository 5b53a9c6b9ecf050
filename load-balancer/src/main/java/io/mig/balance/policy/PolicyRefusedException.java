package io.mig.balance.policy;

/** A policy that came from elsewhere is not used; the one in force stays. */
public final class PolicyRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PolicyRefusedException(String message) {
        super(message);
    }

    PolicyRefusedException(String message, Throwable cause) {
        super(message, cause);
    }
}
