package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.json.JsonObject;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig top}: nodes and managed processes of the whole cluster, live. */
@Command(
        name = "top",
        description = "Watch nodes and managed processes of the cluster; keys move, pin and drain.")
final class TopCommand implements Callable<Integer> {
    private static final long REFRESH_NANOS = 1_000_000_000L;
    private static final long KEY_MILLIS = 50;
    private static final Duration MOVE = Duration.ZERO;
    private static final String OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String BACK = "\u001b[?25h\u001b[?1049l";
    private static final String HOME = "\u001b[H";
    private static final String REST_OF_LINE = "\u001b[K";
    private static final int ESCAPE = 27;

    private final CliContext context;
    private final TopScreen screen = new TopScreen();
    private volatile String message = "";
    private String shownMessage = "";
    private volatile JsonObject newest = JsonObject.EMPTY;
    private volatile @Nullable ControlException failure;
    private volatile boolean looking;
    private volatile boolean fresh;
    private boolean left;

    @Option(names = "--json", description = "Print one JSON object of this moment and end.")
    private boolean json;

    @Option(
            names = {"-n", "--once"},
            description = "Print one screen as text and end.")
    private boolean once;

    TopCommand(CliContext context) {
        this(context, false, false);
    }

    TopCommand(CliContext context, boolean json, boolean once) {
        this.context = context;
        this.json = json;
        this.once = once;
    }

    @Override
    public Integer call() throws ControlException, IOException, InterruptedException {
        JsonObject board = context.askObject("board", JsonObject.EMPTY);
        if (json) {
            JsonPrinter.print(context.out(), board);
            return ExitCode.OK;
        }
        if (once) {
            int rows = board.array("nodes").size() + board.array("managed").size() + 4;
            List<String> lines =
                    screen.lines(board, Math.min(context.out().width(), 200), 2 * rows + 5, "");
            lines.stream()
                    .limit(lines.size() - 1L)
                    .filter(l -> !l.isBlank())
                    .forEach(context.out()::line);
            return ExitCode.OK;
        }
        String before = context.out().terminal() ? settings() : "";
        if (before.isEmpty()) {
            context.err()
                    .line(
                            "mig top: this is no terminal to watch on; 'mig top --once' prints one"
                                    + " screen, 'mig top --json' an object");
            return ExitCode.FAILED;
        }
        // Ctrl-Z would leave a shell on the other screen
        stty("-icanon", "-echo", "min", "1", "time", "0", "susp", "undef");
        context.out().stream().print(OTHER_SCREEN);
        Thread restore = new Thread(() -> restore(before));
        Runtime.getRuntime().addShutdownHook(restore);
        try {
            watch(board);
        } finally {
            Runtime.getRuntime().removeShutdownHook(restore);
            restore(before);
        }
        return ExitCode.OK;
    }

    /** How the terminal is set; empty when keys do not come from one. */
    private static String settings() throws InterruptedException {
        try {
            return Files.isSameFile(Path.of("/dev/fd/0"), Path.of("/dev/fd/1")) ? stty("-g") : "";
        } catch (IOException e) {
            return "";
        }
    }

    private synchronized void restore(String settings) {
        left = true;
        context.out().stream().print(BACK);
        context.out().stream().flush();
        try {
            stty(settings);
        } catch (IOException | InterruptedException e) {
            context.err().line("mig top: run 'stty sane' to get your terminal back");
        }
    }

    /** Looks on a thread of its own, so that keys are heard also while a node is silent. */
    private void look() {
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                newest = context.askObject("board", JsonObject.EMPTY);
                                fresh = true;
                            } catch (ControlException e) {
                                failure = e;
                            }
                            looking = false;
                        });
    }

    private void watch(JsonObject first)
            throws ControlException, IOException, InterruptedException {
        InputStream keys = System.in;
        newest = first;
        fresh = true;
        long looked = System.nanoTime();
        int[] size = size(new int[] {24, 80});
        while (true) {
            boolean redraw = fresh || !message.equals(shownMessage);
            if (!looking && System.nanoTime() - looked >= REFRESH_NANOS) {
                looked = System.nanoTime();
                looking = true;
                look();
                size = size(size);
            }
            ControlException failed = failure;
            if (failed != null) {
                throw failed;
            }
            while (keys.available() > 0) {
                if (!pressed(keys, newest)) {
                    return;
                }
                redraw = true;
            }
            if (redraw) {
                fresh = false;
                shownMessage = message;
                draw(screen.lines(newest, size[1], size[0], shownMessage));
            }
            Thread.sleep(KEY_MILLIS);
        }
    }

    private synchronized void draw(List<String> lines) {
        if (left) {
            return; // the terminal is the shell's again
        }
        StringBuilder all = new StringBuilder(HOME);
        for (int i = 0; i < lines.size(); i++) {
            all.append(i == 0 ? "" : "\r\n").append(lines.get(i)).append(REST_OF_LINE);
        }
        context.out().stream().print(all);
        context.out().stream().flush();
    }

    /** Does what a key says; false: the end. */
    private boolean pressed(InputStream keys, JsonObject board) throws IOException {
        int key = keys.read();
        if (key == ESCAPE && keys.available() >= 2) {
            keys.read();
            int arrow = keys.read();
            screen.move(arrow == 'A' ? -1 : arrow == 'B' ? 1 : 0);
            return true;
        }
        switch (key) {
            case 'q', 3, 4 -> {
                return false;
            }
            case 's' -> screen.nextOrder();
            case 'k' -> screen.move(-1);
            case 'j' -> screen.move(1);
            case 'p' -> ask("pin", process(), screen.selected() + " is pinned");
            case 'u' -> ask("unpin", process(), screen.selected() + " is free to move");
            case 'd' -> ask("drain", node(), screen.selectedNode() + " is being emptied");
            case 'D' -> undrainAll(board);
            case 'm' -> ask("best-move", process(), "");
            default -> message = "";
        }
        return true;
    }

    private JsonObject process() {
        return JsonObject.builder().put("process", screen.selected()).build();
    }

    private JsonObject node() {
        return JsonObject.builder().put("node", screen.selectedNode()).build();
    }

    private void undrainAll(JsonObject board) {
        for (JsonObject node : board.array("nodes").objects()) {
            if (node.isTrue("draining")) {
                ask(
                        "undrain",
                        JsonObject.builder().put("node", node.string("node", "")).build(),
                        "drained nodes take processes again");
            }
        }
    }

    /** Asks on a thread of its own, so that the screen goes on. */
    private void ask(String verb, JsonObject args, String done) {
        message = "...";
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                if (verb.equals("best-move")) {
                                    message = move(args.string("process", ""));
                                } else {
                                    context.ask(verb, args);
                                    message = done;
                                }
                            } catch (ControlException e) {
                                message = String.valueOf(e.getMessage());
                            }
                        });
    }

    /** To the node with most room. */
    private String move(String process) throws ControlException {
        JsonObject board = context.askObject("board", JsonObject.EMPTY);
        String here =
                board.array("managed").objects().stream()
                        .filter(p -> p.string("process", "").equals(process))
                        .map(p -> p.string("node", ""))
                        .findFirst()
                        .orElse("");
        String to = "";
        double most = Double.NEGATIVE_INFINITY;
        for (JsonObject node : board.array("nodes").objects()) {
            double room =
                    (node.number("cores").orElse(0) - node.number("wanted").orElse(0))
                            * node.number("speed").orElse(1);
            boolean open = !node.isTrue("draining") && !node.isTrue("cordoned");
            if (open && room > most && !node.string("node", "").equals(here)) {
                most = room;
                to = node.string("node", "");
            }
        }
        if (to.isEmpty()) {
            return "no other node takes " + process;
        }
        context.agent()
                .apply(MOVE)
                .call(
                        "migrate",
                        JsonObject.builder().put("process", process).put("node", to).build(),
                        _ -> {});
        return process + " moved to " + to;
    }

    private static int[] size(int[] before) throws IOException, InterruptedException {
        String[] words = stty("size").split(" ");
        try {
            int rows = Integer.parseInt(words[0]);
            int columns = Integer.parseInt(words[1]);
            return rows > 0 && columns > 0 ? new int[] {rows, columns} : before;
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            return before;
        }
    }

    private static String stty(String... arguments) throws IOException, InterruptedException {
        List<String> command = new java.util.ArrayList<>(List.of("stty"));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command)
                        .redirectInput(new File("/dev/tty"))
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        String out =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!process.waitFor(5, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException("stty " + String.join(" ", arguments) + " failed");
        }
        return out;
    }
}
