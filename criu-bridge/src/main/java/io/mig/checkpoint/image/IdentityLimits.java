package io.mig.checkpoint.image;

import java.util.Set;

/**
 * What the home node vouches for: who the processes of a guest may be.
 *
 * @param pids all process ids of the tree
 * @param uids every uid any of its threads had
 * @param gids every gid, supplementary ones included
 * @param capabilities every capability any of its threads held
 */
public record IdentityLimits(
        Set<Integer> pids, Set<Integer> uids, Set<Integer> gids, long capabilities) {
    public IdentityLimits {
        pids = Set.copyOf(pids);
        uids = Set.copyOf(uids);
        gids = Set.copyOf(gids);
    }
}
