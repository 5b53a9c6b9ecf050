package io.mig.home.relay;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The frame types of the hull socket; the numbers are those of {@code src/main/c/link.h}.
 *
 * <p>Three families: <em>hop</em> frames between an endpoint and its own agent, <em>command</em>s
 * of the agent to a capsule (their replies have {@link #REPLY} added to the number), and
 * <em>end-to-end</em> frames, which an agent passes on unread.
 */
public enum FrameType {
    HELLO(1),
    CONFIG(2),
    READY(3),
    LINK_UP(4),
    LINK_DOWN(5),
    STATE(6),
    ENDED(7),
    EVENT(8),

    PREPARE(32),
    CRIU(33),
    RESTORED(34),
    KEYS(35),
    EXPORT(36),
    IMPORT(37),
    RESUME(38),
    /**
     * Deliver a signal now; named KILL in C to tell it from the end-to-end frame {@link
     * #BODY_SIGNAL}.
     */
    SIGNAL(39),
    DESTROY(40),
    LIST(41),
    /** Make the root as a new program; the text is a list of settings, each ended by NUL. */
    BIRTH(42),

    ACK(64),
    RESYNC(65),
    DATA(70),
    EOF(71),
    CLOSED(72),
    WINDOW(73),
    BODY_SIGNAL(74),
    STOPPED(75),
    CONTINUED(76),
    EXIT(77),
    TTY_MODE(78),
    TTY_SIZE(79),
    TTY_FG(80),
    TTY_HUP(81),
    TTY_UNREAD(82),
    GROUP(83),
    FINISHED(84);

    /** Added to the number of a command to make the number of its reply. */
    public static final int REPLY = 0x8000;

    private static final int FIRST_COMMAND = 32;
    private static final int FIRST_END_TO_END = 64;
    private static final int LAST_END_TO_END = 127;
    private static final Map<Integer, FrameType> BY_CODE =
            Arrays.stream(values())
                    .collect(Collectors.toUnmodifiableMap(FrameType::code, type -> type));

    private final int code;

    FrameType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }

    /**
     * The type with this number; empty for a reply and for numbers that this version does not know.
     */
    public static Optional<FrameType> of(int code) {
        return Optional.ofNullable(BY_CODE.get(code));
    }

    /**
     * Whether a frame with this number is for the other side of the link and none of the agent's
     * business.
     */
    public static boolean isEndToEnd(int code) {
        return code >= FIRST_END_TO_END && code <= LAST_END_TO_END;
    }

    /** Whether a frame with this number is a capsule's reply to a command. */
    public static boolean isReply(int code) {
        int command = code & ~REPLY;
        return (code & REPLY) != 0 && command >= FIRST_COMMAND && command < FIRST_END_TO_END;
    }

    /** Name for messages; knows replies and unknown numbers too. */
    static String describe(int code) {
        int plain = isReply(code) ? code & ~REPLY : code;
        String name = of(plain).map(FrameType::name).orElse("type " + code);
        return plain == code ? name : "reply to " + name;
    }

    boolean isCommand() {
        return code >= FIRST_COMMAND && code < FIRST_END_TO_END;
    }
}
