package io.mig.home.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.mig.model.ErrorCode;
import io.mig.model.RefusedException;
import java.nio.ByteBuffer;

/** A capsule's answer to a command. */
public sealed interface Reply {
    /**
     * @param text what followed the first line
     * @param data bytes, for EXPORT; empty otherwise
     */
    record Done(String text, ByteBuffer data) implements Reply {
        public Done {
            data = data.asReadOnlyBuffer();
        }

        @Override
        public ByteBuffer data() {
            return data.duplicate();
        }
    }

    /**
     * @param errno error number of the kernel, 0 when it is none
     * @param message for people
     */
    record Failed(int errno, String message) implements Reply {}

    /**
     * The answer when it was "ok"; otherwise the error as an exception that says what was tried.
     */
    default Done orThrow(String attempt) {
        return switch (this) {
            case Done done -> done;
            case Failed(int errno, String message) ->
                    throw new RefusedException(
                            ErrorCode.REFUSED,
                            attempt + ": the capsule answered errno=" + errno + " " + message);
        };
    }

    /** Reads a reply that is complete in one frame. */
    static Reply parse(String text) {
        int end = text.indexOf('\n');
        String first = end < 0 ? text : text.substring(0, end);
        String rest = end < 0 ? "" : text.substring(end + 1);
        if (first.equals("ok")) {
            return new Done(rest, ByteBuffer.allocate(0));
        }
        if (first.startsWith("ok ")) {
            return new Done(
                    first.substring(3) + (rest.isEmpty() ? "" : "\n" + rest),
                    ByteBuffer.allocate(0));
        }
        return failed(first);
    }

    /** Reads the first line of a failed reply. */
    static Failed failed(String first) {
        String[] words = first.split(" ", 3);
        if (!words[0].equals("error")) {
            return new Failed(0, "answer that is neither ok nor error: " + cut(first));
        }
        try {
            return new Failed(
                    words.length > 1 ? Integer.parseInt(words[1]) : 0,
                    words.length > 2 ? words[2] : "");
        } catch (NumberFormatException e) {
            return new Failed(0, cut(first));
        }
    }

    private static String cut(String text) {
        return new String(
                text.getBytes(UTF_8), 0, Math.min(200, text.getBytes(UTF_8).length), UTF_8);
    }
}
