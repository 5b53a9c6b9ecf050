package io.mig.load;

/**
 * How fast a process (with its tree) writes to its memory: bytes of pages that were written to at
 * least once within about a second. What is written to again and again within that second counts
 * once, as it would be copied once.
 *
 * @param bytesPerSecond of pages, so a byte written to each page counts as all of it
 * @param method how it was found
 */
public record DirtyRate(double bytesPerSecond, Method method) {
    /** How a rate was found, the best first. */
    public enum Method {
        /** The kernel marked the pages that were written to (soft-dirty). */
        WRITTEN("pages written to"),
        /** The kernel marked the pages that were read or written: no more than that is dirty. */
        TOUCHED("at most: pages read or written"),
        /** It did not run, so it wrote nothing. */
        RESTS("it does not run");

        private final String words;

        Method(String words) {
            this.words = words;
        }

        /** For people. */
        public String words() {
            return words;
        }
    }

    public DirtyRate {
        if (!(bytesPerSecond >= 0 && bytesPerSecond < 1e13)) {
            throw new IllegalArgumentException("no such rate, bytesPerSecond=" + bytesPerSecond);
        }
    }
}
