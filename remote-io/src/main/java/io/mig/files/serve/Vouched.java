package io.mig.files.serve;

import io.mig.model.NodeId;
import java.util.Optional;

/**
 * What home knows of the guests it has out: who may be acted for. Asked for each request, from many
 * threads: must answer at once, from memory.
 */
public interface Vouched {
    /**
     * The whole identity of a guest.
     *
     * @param host the node that asks, proven by its certificate
     * @param uid that it says the guest has now
     * @param gid that it says the guest has now; an answer with another gid is allowed
     * @return empty when that host holds no guest which may have this uid and gid
     */
    Optional<Credentials> credentials(NodeId host, int uid, int gid);
}
