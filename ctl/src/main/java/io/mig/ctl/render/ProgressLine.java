package io.mig.ctl.render;

import io.mig.json.JsonObject;
import java.util.OptionalLong;

/**
 * Shows a running move in one line that is drawn over and over; nothing at all when nobody watches.
 * Events carry {@code phase} and, where known, {@code bytes} and {@code totalBytes} or a {@code
 * message}.
 */
public final class ProgressLine implements AutoCloseable {
    private static final int BAR = 20;
    private static final String ERASE_LINE = "\r\u001b[K";

    private final Screen screen;
    private final String title;
    private boolean drawn;

    /**
     * @param title what is going on, e.g. {@code 4711 -> node2}
     */
    public ProgressLine(Screen screen, String title) {
        this.screen = screen;
        this.title = Text.clean(title);
    }

    /** Shows an event. */
    public void show(JsonObject event) {
        if (!screen.terminal()) {
            return;
        }
        StringBuilder line = new StringBuilder(title);
        line.append("  ").append(Text.clean(event.string("phase", "")));
        OptionalLong bytes = event.integer("bytes");
        OptionalLong total = event.integer("totalBytes");
        if (bytes.isPresent() && total.isPresent() && total.getAsLong() > 0) {
            line.append("  ").append(bar(bytes.getAsLong(), total.getAsLong()));
        }
        if (bytes.orElse(0) > 0 || total.isPresent()) {
            line.append("  ").append(Units.bytes((double) bytes.orElse(0)));
        }
        if (total.isPresent()) {
            line.append(" of ").append(Units.bytes((double) total.getAsLong()));
        }
        line.append("  ").append(Text.clean(event.string("message", "")));
        screen.stream()
                .print(ERASE_LINE + Text.fit(line.toString().stripTrailing(), screen.width() - 1));
        screen.stream().flush();
        drawn = true;
    }

    /** Takes the line away again. */
    @Override
    public void close() {
        if (drawn) {
            screen.stream().print(ERASE_LINE);
            screen.stream().flush();
            drawn = false;
        }
    }

    private static String bar(long part, long whole) {
        int filled = (int) (BAR * Math.clamp((double) part / whole, 0, 1));
        return "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "]";
    }
}
