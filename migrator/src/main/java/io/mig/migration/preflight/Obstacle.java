package io.mig.migration.preflight;

/**
 * One reason why a process cannot move (now).
 *
 * @param subject whose it is: {@code fd 7 of pid 1234 (python3)}, {@code pid 1234 (python3)},
 *     {@code node node2}
 * @param what what was found there
 * @param why why that is in the way
 * @param remedy what the user can do
 * @param transientObstacle it is likely to go away by itself within moments: trying again is
 *     reasonable
 */
public record Obstacle(
        ObstacleCode code,
        String subject,
        String what,
        String why,
        String remedy,
        boolean transientObstacle) {
    public Obstacle {
        for (String s : new String[] {subject, what, why, remedy}) {
            if (s.isBlank()) {
                throw new IllegalArgumentException(
                        "an obstacle names subject, what, why and remedy, code="
                                + code
                                + " subject="
                                + subject
                                + " what="
                                + what
                                + " why="
                                + why
                                + " remedy="
                                + remedy);
            }
        }
        subject = oneLine(subject);
        what = oneLine(what);
        why = oneLine(why);
        remedy = oneLine(remedy);
    }

    /** One line for the user. */
    public String line() {
        return subject
                + ": "
                + what
                + "; "
                + why
                + ". "
                + Character.toUpperCase(remedy.charAt(0))
                + remedy.substring(1)
                + ".";
    }

    /**
     * Names of files and programs are the users' own text: they must not break the line or steer
     * the terminal.
     */
    private static String oneLine(String s) {
        StringBuilder clean = new StringBuilder(s.length());
        s.codePoints().forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return clean.toString();
    }
}
