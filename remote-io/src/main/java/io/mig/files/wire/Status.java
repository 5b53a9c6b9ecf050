package io.mig.files.wire;

/** First word of a reply: 0, an errno, or one of these. */
public final class Status {
    public static final int OK = 0;

    /** Home does not know the session (any more): its agent began anew. */
    public static final int UNKNOWN_SESSION = 5001;

    /** The session has no such handle: it must be opened again by its grant. */
    public static final int UNKNOWN_HANDLE = 5002;

    /** Too much at once: the same request again in a moment. */
    public static final int BUSY = 5003;

    /** Outside the protocol; a text follows. */
    public static final int BAD_REQUEST = 5004;

    private Status() {}

    /** Whether nothing was done: the same request may come again. */
    public static boolean notTried(int status) {
        return status == UNKNOWN_SESSION || status == UNKNOWN_HANDLE || status == BUSY;
    }
}
