package io.mig.files.serve;

import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Push;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Tells all hosts that may have something cached what changed. Thread-safe. */
final class Changes {
    private final Supplier<Collection<HostSession>> sessions;

    Changes(Supplier<Collection<HostSession>> sessions) {
        this.sessions = sessions;
    }

    /** A guest changed what a name leads to; its own host knows. */
    void name(HostSession by, NodeRef directory, byte[] name) {
        name(by, directory.identity(), name);
    }

    void name(@Nullable HostSession by, byte[] directory, byte[] name) {
        long hash = LongHashes.of(directory);
        for (HostSession session : sessions.get()) {
            if (session != by && session.knows(hash)) {
                session.invalidations()
                        .add(new Push.Entry(ByteBuffer.wrap(directory), ByteBuffer.wrap(name)));
            }
        }
    }

    void inode(HostSession by, NodeRef node, boolean contents) {
        inode(by, node.identity(), contents);
    }

    void inode(@Nullable HostSession by, byte[] identity, boolean contents) {
        long hash = LongHashes.of(identity);
        for (HostSession session : sessions.get()) {
            if (session != by && session.knows(hash)) {
                session.invalidations().add(new Push.Inode(ByteBuffer.wrap(identity), contents));
            }
        }
    }

    /** It is not known what. */
    void everything() {
        sessions.get().forEach(session -> session.invalidations().everything());
    }
}
