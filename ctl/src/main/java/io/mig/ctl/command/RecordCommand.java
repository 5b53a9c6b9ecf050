package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mig record FILE}: what runs in the cluster, for the policy laboratory. */
@Command(
        name = "record",
        description = "Write what managed processes do to a file for 'mig sim --replay FILE'.")
final class RecordCommand implements Callable<Integer> {
    private static final long LOOK_NANOS = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;

    private final CliContext context;
    private final TraceBook book = new TraceBook();

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "End after this time, e.g. 90s or 10m; else with Ctrl-C.")
    private @Nullable String time;

    @Parameters(index = "0", paramLabel = "FILE", description = "What to write.")
    private @Nullable Path file;

    RecordCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException, IOException, InterruptedException {
        Path to = file == null ? Path.of("mig.trace") : file;
        long length = time == null ? Long.MAX_VALUE : nanos(time);
        long begin = System.nanoTime();
        look(begin); // who cannot ask or write is told at once
        write(to);
        Thread save = new Thread(() -> finish(to));
        Runtime.getRuntime().addShutdownHook(save);
        for (long next = LOOK_NANOS; next <= length; next += LOOK_NANOS) {
            long wait = begin + next - System.nanoTime();
            if (wait > 0) {
                Thread.sleep(wait / MILLI, (int) (wait % MILLI));
            }
            look(begin);
        }
        Runtime.getRuntime().removeShutdownHook(save);
        return finish(to) ? ExitCode.OK : ExitCode.FAILED;
    }

    private void look(long begin) throws ControlException {
        JsonObject board = context.askObject("board", JsonObject.EMPTY);
        book.look(board, (System.nanoTime() - begin) / 1e9);
    }

    private boolean finish(Path to) {
        try {
            write(to);
            context.out()
                    .line(
                            Text.clean(
                                    to
                                            + ": "
                                            + book.nodes()
                                            + " nodes, "
                                            + book.processes()
                                            + " processes, "
                                            + book.running()
                                            + " of them still run; play it: mig sim --replay "
                                            + to));
            context.out().stream().flush();
            return true;
        } catch (IOException e) {
            context.err().line(Text.clean("mig record: " + to + " cannot be written: " + e));
            return false;
        }
    }

    private void write(Path to) throws IOException {
        Path fresh = to.resolveSibling(to.getFileName() + ".new");
        Files.write(fresh, book.lines());
        Files.move(fresh, to, StandardCopyOption.REPLACE_EXISTING);
    }

    private long nanos(String text) {
        if (text.matches("[1-9][0-9]{0,6}(s|m|h)?")) {
            char unit = text.charAt(text.length() - 1);
            long number = Long.parseLong(text.replaceAll("[smh]", ""));
            return number * (unit == 'm' ? 60 : unit == 'h' ? 3600 : 1) * LOOK_NANOS;
        }
        String why = "--for " + text + " is no time; write e.g. 90s or 10m";
        if (spec == null) {
            throw new IllegalArgumentException(why);
        }
        throw new ParameterException(spec.commandLine(), why);
    }
}
