package io.mig.files.serve;

import java.util.Arrays;

/**
 * As whom home touches its files for a guest.
 *
 * @param gid that new files get
 * @param groups the supplementary ones, at most 65536
 */
@SuppressWarnings("ArrayRecordComponent")
public record Credentials(int uid, int gid, int[] groups) {
    public Credentials {
        if (groups.length > 65536) {
            throw new IllegalArgumentException("groups=" + groups.length + " above 65536");
        }
        groups = groups.clone();
    }

    @Override
    public int[] groups() {
        return groups.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Credentials that
                && uid == that.uid
                && gid == that.gid
                && Arrays.equals(groups, that.groups);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * uid + gid) + Arrays.hashCode(groups);
    }

    @Override
    public String toString() {
        return "uid=" + uid + " gid=" + gid + " groups=" + Arrays.toString(groups);
    }
}
