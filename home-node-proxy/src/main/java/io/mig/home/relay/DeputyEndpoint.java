package io.mig.home.relay;

/** A connected deputy, or the keeper of one that has ended. */
public final class DeputyEndpoint extends Endpoint {
    private final Hello.OfDeputy hello;

    DeputyEndpoint(HullChannel channel, int peerPid, int peerUid, Hello.OfDeputy hello) {
        super(channel, peerPid, peerUid);
        this.hello = hello;
    }

    /** Home pid, number of the link. */
    public int link() {
        return hello.link();
    }

    public boolean keeper() {
        return hello.keeper();
    }

    /** Sends the configuration (see the protocol: lines, the last one {@code end}). */
    public void config(String text) {
        send(Frame.text(FrameType.CONFIG, link(), 0, text));
    }

    @Override
    public String toString() {
        return (keeper() ? "keeper" : "deputy") + "[link=" + link() + " pid=" + peerPid() + "]";
    }
}
