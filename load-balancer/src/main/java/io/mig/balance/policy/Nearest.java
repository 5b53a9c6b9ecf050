package io.mig.balance.policy;

import java.util.Collection;
import java.util.Optional;

/** Guesses what somebody wanted to write. */
final class Nearest {
    private Nearest() {}

    /** The most similar word, if any is similar enough to be offered. */
    static Optional<String> of(String wrong, Collection<String> words) {
        String best = "";
        int least = Math.max(2, wrong.length() / 3) + 1;
        for (String word : words) {
            int distance = distance(wrong, word);
            if (distance < least) {
                least = distance;
                best = word;
            }
        }
        return best.isEmpty() ? Optional.empty() : Optional.of(best);
    }

    /** Edit distance (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int above = row[j];
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, 1 + Math.min(above, row[j - 1]));
                diagonal = above;
            }
        }
        return row[b.length()];
    }
}
