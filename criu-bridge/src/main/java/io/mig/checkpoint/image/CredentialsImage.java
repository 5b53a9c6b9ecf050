package io.mig.checkpoint.image;

import io.mig.checkpoint.image.proto.CriuImages;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Identity a thread will have after the restore (credentials(7), capabilities(7)). Capability sets
 * are bit masks.
 *
 * @param uids real, effective, saved and file system uid
 * @param gids real, effective, saved, file system and supplementary gids
 */
public record CredentialsImage(
        Set<Integer> uids,
        Set<Integer> gids,
        long inheritable,
        long permitted,
        long effective,
        long bounding,
        long ambient,
        int secureBits,
        boolean noNewPrivileges) {
    public CredentialsImage {
        uids = Set.copyOf(uids);
        gids = Set.copyOf(gids);
    }

    /**
     * Every capability the thread holds or could take back; the bounding set only limits what exec
     * may add.
     */
    public long capabilities() {
        return inheritable | permitted | effective | ambient;
    }

    static CredentialsImage of(CriuImages.Credentials image) {
        Set<Integer> uids = new HashSet<>(List.of(image.getUid()));
        uids.addAll(List.of(image.getEuid()));
        uids.addAll(List.of(image.getSuid()));
        uids.addAll(List.of(image.getFsuid()));
        Set<Integer> gids = new HashSet<>(image.getGroupsList());
        gids.add(image.getGid());
        gids.add(image.getEgid());
        gids.add(image.getSgid());
        gids.add(image.getFsgid());
        return new CredentialsImage(
                uids,
                gids,
                mask(image.getCapInhList()),
                mask(image.getCapPrmList()),
                mask(image.getCapEffList()),
                mask(image.getCapBndList()),
                mask(image.getCapAmbList()),
                image.getSecbits(),
                image.getNoNewPrivs() != 0);
    }

    /** Two 32-bit words, low one first; more words than we can look at count as "everything". */
    private static long mask(List<Integer> words) {
        if (words.size() > 2) {
            return -1;
        }
        long mask = 0;
        for (int i = 0; i < words.size(); i++) {
            mask |= Integer.toUnsignedLong(words.get(i)) << (32 * i);
        }
        return mask;
    }
}
