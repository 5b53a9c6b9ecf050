package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysException;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.RequestHeader;
import org.jspecify.annotations.Nullable;

/** One request while a worker is at it. */
final class Call {
    final Worker worker;
    final Native sys;
    final HostSession session;
    final RequestHeader header;
    final FrameReader in;
    final Frame out;
    final Seals seals;
    final Nodes nodes;
    private final Vouched vouched;
    private @Nullable Credentials credentials;

    Call(
            Worker worker,
            HostSession session,
            RequestHeader header,
            FrameReader in,
            Frame out,
            Seals seals,
            Nodes nodes,
            Vouched vouched) {
        this.worker = worker;
        this.sys = worker.sys();
        this.session = session;
        this.header = header;
        this.in = in;
        this.out = out;
        this.seals = seals;
        this.nodes = nodes;
        this.vouched = vouched;
    }

    /** As whom to act: whom home vouched for, whatever the host says. */
    Credentials credentials() throws SysException {
        if (credentials == null) {
            credentials =
                    vouched.credentials(session.host(), header.uid(), header.gid())
                            .orElseThrow(() -> new SysException(Errno.EACCES));
        }
        return credentials;
    }

    void asUser() throws SysException {
        worker.become(credentials());
    }

    OpenNodes.Open hold(NodeRef ref) throws SysException {
        return nodes.hold(worker, seals, session.host(), ref);
    }

    /** Whether it is a directory that guests never see into; one that this host was given. */
    boolean isStub(NodeRef ref) throws SysException {
        if (!Nodes.isStub(ref)) {
            return false;
        }
        if (!seals.good(session.host(), ref)) {
            throw new SysException(Errno.EACCES);
        }
        return true;
    }

    void release(OpenNodes.@Nullable Open held) {
        nodes.release(worker, held);
    }

    /** Writes reference and attributes of an inode; the descriptor is taken over. */
    Nodes.Entry enter(int fd) throws SysException {
        Nodes.Entry entry = nodes.enter(worker, seals, session, fd);
        out.ref(entry.ref()).attr(entry.attr());
        return entry;
    }

    /** Writes the attributes of a directory after a name in it was made or taken away. */
    void describe(NodeRef directory, int fd) throws SysException {
        out.attr(nodes.attr(worker, fd, nodes.watched(worker, directory)));
    }

    /** Result of a system call. */
    long check(long result) throws SysException {
        return SysException.check(result);
    }
}
