package io.mig.ctl.doctor;

/**
 * What one check found.
 *
 * @param subject what was checked
 * @param verdict how it is
 * @param seen what was seen, e.g. a version
 * @param consequence what will not work; empty when all is fine
 * @param cure the shell command that cures it; empty when there is none
 * @param automatic whether {@code --fix} may run the cure
 */
public record Finding(
        String subject,
        Verdict verdict,
        String seen,
        String consequence,
        String cure,
        boolean automatic) {
    /** How it is. */
    public enum Verdict {
        /** As it should be. */
        FINE,
        /** mig works, but not all of it. */
        DEGRADED,
        /** mig cannot work without it. */
        MISSING
    }

    public Finding {
        if (automatic && cure.isEmpty()) {
            throw new IllegalArgumentException(
                    "an automatic cure needs a command, subject=" + subject);
        }
    }

    static Finding fine(String subject, String seen) {
        return new Finding(subject, Verdict.FINE, seen, "", "", false);
    }

    static Finding degraded(String subject, String seen, String consequence) {
        return new Finding(subject, Verdict.DEGRADED, seen, consequence, "", false);
    }

    static Finding missing(String subject, String seen, String consequence) {
        return new Finding(subject, Verdict.MISSING, seen, consequence, "", false);
    }

    /** With a command that a person may run. */
    Finding curedBy(String command) {
        return new Finding(subject, verdict, seen, consequence, command, false);
    }

    /** With a command that {@code --fix} runs. */
    Finding fixedBy(String command) {
        return new Finding(subject, verdict, seen, consequence, command, true);
    }
}
