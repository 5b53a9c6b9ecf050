package io.mig.files.wire;

/**
 * The beginning of every request.
 *
 * @param session chosen at random by the host when it mounts
 * @param id counts up from 1 in a session
 * @param answeredBelow all smaller ids are answered and will not come again
 * @param uid of the guest that asks
 * @param gid of the guest that asks
 */
public record RequestHeader(Op op, int uid, int gid, long session, long id, long answeredBelow) {
    private static final int ANSWERED_AT = 28;

    public void putTo(Frame frame) {
        frame.u8(Limits.VERSION).u8(op.number()).u16(0).u32(uid).u32(gid);
        frame.u64(session).u64(id).u64(answeredBelow);
    }

    /** Sets what is known about answers in a frame that is sent now. */
    public static void answeredBelow(java.nio.ByteBuffer frame, long id) {
        frame.putLong(ANSWERED_AT, id);
    }

    public static RequestHeader from(FrameReader in) throws BadFrameException {
        int version = in.u8();
        if (version != Limits.VERSION) {
            throw new BadFrameException(
                    "version=" + version + ", this node speaks " + Limits.VERSION);
        }
        Op op = Op.of(in.u8());
        in.u16();
        int uid = in.u32();
        int gid = in.u32();
        return new RequestHeader(op, uid, gid, in.u64(), in.u64(), in.u64());
    }
}
