package io.mig.files.serve;

import io.mig.files.wire.NodeRef;

/**
 * A file that a guest has open. Closed when the guest let it go and nobody works with it any more.
 */
final class OpenFile {
    private final NodeRef node;
    private final int fd;
    private final int flags;
    private final Credentials opener;
    // guarded by this
    private int users = 1;

    /**
     * @param flags of open(2) as the guest gave them
     * @param opener as whom it is worked on: reading and writing an open file asks nobody again
     */
    OpenFile(NodeRef node, int fd, int flags, Credentials opener) {
        this.node = node;
        this.fd = fd;
        this.flags = flags;
        this.opener = opener;
    }

    NodeRef node() {
        return node;
    }

    int fd() {
        return fd;
    }

    int flags() {
        return flags;
    }

    Credentials opener() {
        return opener;
    }

    /** False when it is closed already. */
    synchronized boolean use() {
        if (users == 0) {
            return false;
        }
        users++;
        return true;
    }

    /** True for the last one, which closes the descriptor. */
    synchronized boolean leave() {
        return --users == 0;
    }
}
