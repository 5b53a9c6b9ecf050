package io.mig.fault;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The places along the path of a move where a fault can be injected, in the order in which a move
 * passes them.
 */
public enum FaultPoint {
    SOURCE_CHECKED(Role.SOURCE, "all checks passed, nothing was asked of anybody yet"),
    HOME_BEGIN(Role.HOME, "home is about to journal the intent"),
    SOURCE_BEGUN(Role.SOURCE, "home has journalled the intent"),
    TARGET_RESERVE(Role.TARGET, "target is about to build the capsule"),
    TARGET_RESERVED(Role.TARGET, "capsule and its CRIU stand ready, the answer is not sent yet"),
    SOURCE_RESERVED(Role.SOURCE, "target has promised the place, the process still runs"),
    SOURCE_FROZEN(Role.SOURCE, "the tree is frozen"),
    SOURCE_DUMPING(Role.SOURCE, "CRIU is about to dump"),
    SOURCE_STREAMING(Role.SOURCE, "first bytes of the images were sent"),
    TARGET_RECEIVING(Role.TARGET, "first bytes of the images arrived"),
    SOURCE_DUMPED(Role.SOURCE, "all images were written and sent"),
    TARGET_RESTORE(Role.TARGET, "all images are there, CRIU is about to restore"),
    TARGET_PRE_RESUME(Role.TARGET, "the body exists and is about to be frozen in its cgroup"),
    TARGET_RESTORED(
            Role.TARGET, "the body exists, complete and frozen; the answer is not sent yet"),
    SOURCE_RESTORED(Role.SOURCE, "the target holds the frozen body; commit was not asked for yet"),
    HOME_COMMIT(Role.HOME, "home is about to journal the change of ownership"),
    HOME_COMMITTED(Role.HOME, "ownership changed on disk, nobody was told"),
    TARGET_THAW(Role.TARGET, "target is about to let the body run"),
    TARGET_THAWED(Role.TARGET, "the body runs, the answer is not sent yet"),
    SOURCE_COMMITTED(Role.SOURCE, "the source knows of the commit, the frozen copy is still there"),
    HOME_DEPUTISE(Role.HOME, "the frozen original is about to become the deputy"),
    HOME_DEPUTISED(Role.HOME, "the deputies stand, the rest is not tidied up yet"),
    SOURCE_RELEASED(Role.SOURCE, "the source's copy is gone, the report is not sent yet");

    /** Which part of a move meets the point. */
    public enum Role {
        SOURCE,
        TARGET,
        HOME
    }

    private final Role role;
    private final String where;

    FaultPoint(Role role, String where) {
        this.role = role;
        this.where = where;
    }

    public Role role() {
        return role;
    }

    public String where() {
        return where;
    }

    /** The name used in {@code MIG_FAULTS} and listings, for example {@code target.pre-resume}. */
    public String label() {
        String name = name().toLowerCase(Locale.ROOT);
        int cut = name.indexOf('_');
        return name.substring(0, cut) + "." + name.substring(cut + 1).replace('_', '-');
    }

    static Optional<FaultPoint> named(String label) {
        return Arrays.stream(values()).filter(p -> p.label().equals(label)).findFirst();
    }
}
