package io.mig.ctl.lab;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The rate of a link, e.g. {@code 100mbit} or {@code 1gbit}, in bits per second. */
record Rate(long bitsPerSecond) {
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})(k|m|g)bit");
    private static final long LEAST = 8_000;

    Rate {
        if (bitsPerSecond < LEAST) {
            throw new LabException("rate=" + bitsPerSecond + "bit is less than 8kbit");
        }
    }

    static Rate parse(String text) {
        Matcher matcher = TEXT.matcher(text.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new LabException(
                    "\"" + text + "\" is no rate; write e.g. 10mbit, 1gbit, or off for no limit");
        }
        long unit =
                switch (matcher.group(2)) {
                    case "k" -> 1_000L;
                    case "m" -> 1_000_000L;
                    default -> 1_000_000_000L;
                };
        return new Rate(Math.multiplyExact(Long.parseLong(matcher.group(1)), unit));
    }

    /**
     * What {@code tc} is told; the bucket holds 4 ms worth, which is one tick of a slow kernel
     * clock.
     */
    String[] tokenBucket() {
        long burst = Math.max(16_384, bitsPerSecond / 8 / 250);
        return new String[] {
            "tbf", "rate", bitsPerSecond + "bit", "burst", burst + "b", "latency", "50ms"
        };
    }

    @Override
    public String toString() {
        if (bitsPerSecond % 1_000_000_000L == 0) {
            return bitsPerSecond / 1_000_000_000L + "gbit";
        }
        return bitsPerSecond % 1_000_000L == 0
                ? bitsPerSecond / 1_000_000L + "mbit"
                : bitsPerSecond / 1_000L + "kbit";
    }
}
