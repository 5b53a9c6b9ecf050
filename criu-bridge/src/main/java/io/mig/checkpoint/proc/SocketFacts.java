package io.mig.checkpoint.proc;

/**
 * One socket as {@code /proc/net} lists it (proc_pid_net(5)).
 *
 * @param type {@code stream}, {@code dgram}, {@code seqpacket}, {@code raw}, or {@code ?}
 * @param local address and port as text, empty when there is none; a unix socket's name, {@code @}
 *     for abstract ones
 * @param remote likewise
 * @param state e.g. {@code ESTABLISHED}, {@code LISTEN}; {@code CONNECTED} or {@code UNCONNECTED}
 *     for unix sockets
 * @param peerIno inode of the other end of a connected unix socket, 0 when there is none or it is
 *     not known
 */
public record SocketFacts(
        long ino,
        SocketFamily family,
        String type,
        String local,
        String remote,
        String state,
        long peerIno) {

    /** A socket that no table lists. */
    public static SocketFacts unlisted(long ino) {
        return new SocketFacts(ino, SocketFamily.OTHER, "?", "", "", "", 0);
    }

    public SocketFacts withPeer(long peer, String peerName) {
        return new SocketFacts(ino, family, type, local, peerName, state, peer);
    }

    public boolean listening() {
        return state.equals("LISTEN");
    }

    public boolean connected() {
        return state.equals("ESTABLISHED") || state.equals("CONNECTED");
    }

    /** For messages: {@code TCP 10.0.0.1:22 -> 10.0.0.2:3456 (ESTABLISHED)}. */
    public String describe() {
        var text = new StringBuilder(family.label());
        if (family == SocketFamily.UNIX) {
            text.append(' ').append(type);
        }
        text.append(" socket");
        if (!local.isEmpty()) {
            text.append(' ').append(local);
        }
        if (!remote.isEmpty()) {
            text.append(" -> ").append(remote);
        }
        if (!state.isEmpty()) {
            text.append(" (").append(state).append(')');
        }
        return text.toString();
    }
}
