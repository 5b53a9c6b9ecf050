package io.mig.home;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** An interactive bash on a pty, driven by {@code pty-shell.py}. */
final class PtyShell implements AutoCloseable {
    private final Process driver;
    private final StringBuilder screen = new StringBuilder(); // guarded by this
    private int read;

    PtyShell(Path directory) throws IOException {
        Path script = directory.resolve("pty-shell.py");
        try (InputStream in = PtyShell.class.getResourceAsStream("/pty-shell.py")) {
            Files.write(script, Objects.requireNonNull(in).readAllBytes());
        }
        driver = new ProcessBuilder("python3", script.toString()).redirectErrorStream(true).start();
        Thread.ofVirtual()
                .start(
                        () -> {
                            byte[] buffer = new byte[4096];
                            try (InputStream out = driver.getInputStream()) {
                                for (int n = out.read(buffer); n >= 0; n = out.read(buffer)) {
                                    append(new String(buffer, 0, n, UTF_8));
                                }
                            } catch (IOException e) {
                                append("closed");
                            }
                        });
        shows("ready> ");
    }

    private synchronized void append(String text) {
        screen.append(text);
    }

    private synchronized String screen() {
        return screen.toString();
    }

    void type(String line) throws IOException {
        OutputStream keys = driver.getOutputStream();
        keys.write((line + "\n").getBytes(UTF_8));
        keys.flush();
    }

    /** Waits until something new on the screen matches. */
    MatchResult shows(String pattern) {
        Pattern wanted = Pattern.compile(pattern);
        Awaitility.await("screen: " + screen())
                .atMost(Duration.ofSeconds(20))
                .until(() -> wanted.matcher(screen()).find(read));
        var matcher = wanted.matcher(screen());
        if (!matcher.find(read)) {
            throw new AssertionError(screen());
        }
        read = matcher.end();
        return matcher.toMatchResult();
    }

    @Override
    public void close() {
        driver.descendants().forEach(ProcessHandle::destroyForcibly);
        driver.destroyForcibly();
    }
}
