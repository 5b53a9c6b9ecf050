package io.mig.home;

import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code key=value} words of hop frames. */
final class Values {
    private Values() {}

    static Optional<String> word(String text, String key) {
        for (String word : text.split("[ \n]", -1)) {
            if (word.startsWith(key + "=")) {
                return Optional.of(word.substring(key.length() + 1));
            }
        }
        return Optional.empty();
    }

    /** Empty when it is missing or no number. */
    static OptionalInt number(String text, String key) {
        try {
            Optional<String> word = word(text, key);
            return word.isPresent()
                    ? OptionalInt.of(Integer.parseInt(word.get()))
                    : OptionalInt.empty();
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }
}
