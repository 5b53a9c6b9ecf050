package io.mig.checkpoint.proc;

import java.util.List;

/** Real, effective, saved and file system id of a process: user ids or group ids. */
public record Ids(int real, int effective, int saved, int fs) {
    /**
     * Whether all four are {@code id}: a program that acts with no rights but those of this one
     * user.
     */
    public boolean allAre(int id) {
        return real == id && effective == id && saved == id && fs == id;
    }

    static Ids parse(String value) {
        List<String> words = Text.words(value);
        int[] ids = new int[4];
        for (int i = 0; i < 4; i++) {
            // Ids are unsigned 32-bit numbers; an unreadable one must never pass for root or for a
            // caller.
            ids[i] = i < words.size() ? (int) Text.decimal(words.get(i), -1) : -1;
        }
        return new Ids(ids[0], ids[1], ids[2], ids[3]);
    }
}
