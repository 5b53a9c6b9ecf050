package io.mig.checkpoint.proc;

/** Words of the kernel in links of {@code /proc}. */
final class Paths {
    static final String DELETED = " (deleted)";

    private Paths() {}

    static String withoutDeleted(String target) {
        return target.endsWith(DELETED)
                ? target.substring(0, target.length() - DELETED.length())
                : target;
    }
}
