package io.mig.ctl.render;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One output stream and what is known about the other end of it.
 *
 * @param stream where text goes
 * @param terminal whether somebody watches: progress lines only then
 * @param width columns that fit; {@link #UNBOUNDED} when nothing has to fit
 * @param colour whether escape sequences for colours are wanted
 * @param indent what every line starts with
 */
public record Screen(
        PrintStream stream, boolean terminal, int width, boolean colour, String indent) {
    /** Width of a file or pipe: nothing is cut. */
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private static final int FALLBACK_WIDTH = 80;
    private static final int NARROWEST = 20;

    public Screen {
        if (width < 1) {
            throw new IllegalArgumentException("a screen has columns: width=" + width);
        }
    }

    /** A screen with lines that start at the left edge. */
    public Screen(PrintStream stream, boolean terminal, int width, boolean colour) {
        this(stream, terminal, width, colour, "");
    }

    /** A screen for a file, a pipe or a test: no colours, nothing cut. */
    public static Screen plain(PrintStream stream) {
        return new Screen(stream, false, UNBOUNDED, false);
    }

    /**
     * The screen behind one of this process's descriptors. Colours follow NO_COLOR
     * (https://no-color.org) and TERM.
     *
     * @param descriptor 1 or 2
     */
    public static Screen ofDescriptor(
            PrintStream stream, int descriptor, Map<String, String> environment) {
        Path link = Path.of("/proc/self/fd/" + descriptor);
        if (!isTerminal(link)) {
            return plain(stream);
        }
        boolean colour =
                environment.getOrDefault("NO_COLOR", "").isEmpty()
                        && !"dumb".equals(environment.getOrDefault("TERM", "dumb"));
        return new Screen(stream, true, width(link, environment), colour);
    }

    private static boolean isTerminal(Path descriptor) {
        try {
            String target = Files.readSymbolicLink(descriptor).toString();
            return target.startsWith("/dev/pts/")
                    || target.startsWith("/dev/tty")
                    || target.equals("/dev/console");
        } catch (IOException e) {
            return false; // no /proc: treat as a file, which is always safe
        }
    }

    /**
     * COLUMNS when exported (the start script does), else stty asks the terminal: no native code
     * for one number.
     */
    private static int width(Path terminal, Map<String, String> environment) {
        int columns = columns(environment.getOrDefault("COLUMNS", ""));
        return Math.max(columns > 0 ? columns : askTerminal(terminal), NARROWEST);
    }

    private static int columns(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static int askTerminal(Path terminal) {
        try {
            Process stty =
                    new ProcessBuilder("stty", "size")
                            .redirectInput(terminal.toRealPath().toFile())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            try (var output = stty.inputReader()) {
                String rowsAndColumns = output.readLine();
                if (stty.waitFor(1, TimeUnit.SECONDS) && rowsAndColumns != null) {
                    int columns =
                            columns(rowsAndColumns.substring(rowsAndColumns.indexOf(' ') + 1));
                    return columns > 0 ? columns : FALLBACK_WIDTH;
                }
            }
        } catch (IOException e) {
            return FALLBACK_WIDTH; // no stty here
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return FALLBACK_WIDTH;
    }

    /** Prints a line. */
    public void line(String text) {
        stream.println(indent + text);
    }

    /** The same screen with lines that start further right, and room for less. */
    public Screen indented(String more) {
        int left = width == UNBOUNDED ? UNBOUNDED : Math.max(NARROWEST, width - more.length());
        return new Screen(stream, terminal, left, colour, indent + more);
    }

    /** The text in a colour, or as it is where colours are not wanted. */
    public String paint(Colour wanted, String text) {
        return colour && wanted != Colour.NONE ? wanted.sequence() + text + "\u001b[0m" : text;
    }
}
