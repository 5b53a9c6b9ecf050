package io.mig.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A person at a terminal: types into a program on a pty and waits for what appears. Everything that
 * ever appeared is kept; {@link #expect} searches only what came since the last match. One thread
 * types and expects.
 */
public final class Terminal implements AutoCloseable {
    private static final int READ_MILLIS = 200;

    private final PtyMaster master;
    private final Process program;
    private final StringBuilder screen = new StringBuilder();
    private final Thread reader;
    private final @Nullable Consumer<String> echo;
    private int seen;
    private boolean ended;
    private volatile boolean closing;

    private Terminal(PtyMaster master, Process program, @Nullable Consumer<String> echo) {
        this.master = master;
        this.program = program;
        this.echo = echo;
        this.reader = Thread.ofPlatform().daemon().name("terminal-reader").unstarted(this::readAll);
    }

    /**
     * Starts a program as leader of a new session whose controlling terminal is a new pty.
     *
     * @param echo is told everything that appears, as it appears
     */
    public static Terminal start(List<String> command, @Nullable Consumer<String> echo)
            throws IOException {
        PtyMaster master = PtyMaster.open(24, 80);
        List<String> all = new ArrayList<>(List.of("setsid", "--ctty", "--wait"));
        all.addAll(command);
        Path slave = master.slave();
        ProcessBuilder builder =
                new ProcessBuilder(all)
                        .redirectInput(ProcessBuilder.Redirect.from(slave.toFile()))
                        .redirectOutput(ProcessBuilder.Redirect.to(slave.toFile()))
                        .redirectError(ProcessBuilder.Redirect.to(slave.toFile()));
        builder.environment().put("TERM", "xterm");
        builder.environment().put("LC_ALL", "C.UTF-8");
        try {
            Terminal terminal = new Terminal(master, builder.start(), echo);
            terminal.reader.start();
            return terminal;
        } catch (IOException e) {
            master.close();
            throw e;
        }
    }

    private void readAll() {
        byte[] buffer = new byte[65536];
        try {
            // Not a byte more once it is closed: the number of its descriptor may be another's
            // then.
            for (int size = 0; size >= 0 && !closing; size = master.read(buffer, READ_MILLIS)) {
                if (size > 0) {
                    String text = new String(buffer, 0, size, StandardCharsets.UTF_8);
                    if (echo != null) {
                        echo.accept(text);
                    }
                    append(text);
                }
            }
        } catch (IOException e) {
            append("\n[terminal: " + e.getMessage() + "]\n");
        }
        synchronized (screen) {
            ended = true;
            screen.notifyAll();
        }
    }

    private void append(String text) {
        synchronized (screen) {
            screen.append(text);
            screen.notifyAll();
        }
    }

    /** Types text as it is; {@code \r} is the Enter key, {@code \003} Ctrl-C. */
    public void type(String text) {
        try {
            master.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Types a line and Enter. */
    public void line(String text) {
        type(text + "\r");
    }

    public void resize(int rows, int columns) {
        try {
            master.resize(rows, columns);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Waits until the pattern appears after the last match.
     *
     * @throws AssertionError with the end of the screen when it does not in time
     */
    public Matcher expect(Pattern pattern, Duration timeout) {
        long end = System.nanoTime() + timeout.toNanos();
        synchronized (screen) {
            while (true) {
                Matcher matcher = pattern.matcher(screen.substring(seen));
                if (matcher.find()) {
                    seen += matcher.end();
                    return matcher;
                }
                long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (left <= 0 || ended) {
                    throw new AssertionError(
                            "terminal did not show /"
                                    + pattern
                                    + "/ within "
                                    + timeout
                                    + (ended ? " (terminal ended)" : "")
                                    + ", it showed: <<<"
                                    + tail()
                                    + ">>>");
                }
                await(left);
            }
        }
    }

    public Matcher expect(String regex) {
        return expect(Pattern.compile(regex), Duration.ofSeconds(30));
    }

    private void await(long millis) {
        try {
            screen.wait(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the terminal", e);
        }
    }

    /** Everything that ever appeared. */
    public String everything() {
        synchronized (screen) {
            return screen.toString();
        }
    }

    private String tail() {
        String text = screen.substring(seen);
        return text.length() > 4000 ? "..." + text.substring(text.length() - 4000) : text;
    }

    public Process program() {
        return program;
    }

    /** Hangs up and waits for the program. */
    @Override
    public void close() {
        try {
            program.destroy();
            if (!program.waitFor(5, TimeUnit.SECONDS)) {
                program.destroyForcibly();
            }
            closing = true;
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            master.close();
        }
    }
}
