package io.mig.ctl;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.mig.ctl.client.AgentRefusedException;
import io.mig.ctl.client.AgentUnreachableException;
import io.mig.ctl.client.ControlClient;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.command.CliContext;
import io.mig.ctl.command.LabCommand;
import io.mig.ctl.command.RootCommand;
import io.mig.ctl.command.Verbs;
import io.mig.ctl.render.Screen;
import io.mig.ctl.render.Text;
import io.mig.model.MigException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code mig} command: parses the command line, runs one verb, turns every failure into one
 * line and an exit status.
 */
public final class MigCli {
    private static final int WIDEST_HELP = 100;
    private static final int NARROWEST_HELP = 60;

    private final Screen out;
    private final Screen err;
    private final Map<String, String> environment;

    /**
     * @param out where answers go
     * @param err where complaints and progress go
     * @param environment variables as the caller's shell has them
     */
    public MigCli(Screen out, Screen err, Map<String, String> environment) {
        this.out = out;
        this.err = err;
        this.environment = environment;
    }

    /** Runs the command and ends this JVM with its exit status. */
    public static void main(String[] args) {
        PrintStream stdout = utf8(FileDescriptor.out, false);
        Map<String, String> environment = System.getenv();
        MigCli cli =
                new MigCli(
                        Screen.ofDescriptor(stdout, 1, environment),
                        Screen.ofDescriptor(utf8(FileDescriptor.err, true), 2, environment),
                        environment);
        int status = cli.run(args);
        stdout.flush();
        int last = stdout.checkError() && status == ExitCode.OK ? ExitCode.FAILED : status;
        // not exit(): that looks for a logger to tell, which takes longer than the answer
        Runtime.getRuntime().halt(last);
    }

    /** Runs one command line; see {@link ExitCode} for the answer. */
    public int run(String... words) {
        String[] args = spellOutHelp(words);
        RootCommand root = new RootCommand();
        CliContext context =
                new CliContext(
                        out,
                        err,
                        patience -> new ControlClient(root.socket(environment), patience));
        if (args.length > 0 && args[0].equals("lab")) {
            return LabCommand.run(context, Arrays.copyOfRange(args, 1, args.length));
        }
        Verbs verbs = new Verbs(context);
        Callable<Integer> plain = verbs.plain(args);
        if (plain != null) {
            return call(plain, "mig " + args[0]);
        }
        CommandLine line = new CommandLine(root);
        addVerbs(line, verbs, args);
        line.setOut(writer(out));
        line.setErr(writer(err));
        line.setColorScheme(Help.defaultColorScheme(out.colour() ? Help.Ansi.ON : Help.Ansi.OFF));
        line.setUsageHelpWidth(Math.clamp(out.width(), NARROWEST_HELP, WIDEST_HELP));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setParameterExceptionHandler(this::misused);
        line.setExecutionExceptionHandler(
                (e, command, _) -> failed(e, command.getCommandSpec().qualifiedName()));
        if (args.length == 0) {
            line.usage(line.getErr());
            return ExitCode.USAGE;
        }
        return line.execute(args);
    }

    /**
     * Command lines hold any bytes and JSON is UTF-8, whatever locale the caller has; a lab node or
     * a container often has none.
     */
    private static PrintStream utf8(FileDescriptor descriptor, boolean flushEachLine) {
        return new PrintStream(new FileOutputStream(descriptor), flushEachLine, UTF_8);
    }

    private static PrintWriter writer(Screen screen) {
        return new PrintWriter(screen.stream(), true, screen.stream().charset());
    }

    /** {@code mig help VERB} is what many type first. */
    private static String[] spellOutHelp(String[] words) {
        if (words.length == 0 || !words[0].equals("help")) {
            return words;
        }
        return words.length == 1 ? new String[] {"--help"} : new String[] {words[1], "--help"};
    }

    /**
     * Adds the verb that is asked for; all of them when none is recognised, for the help text and
     * for suggestions.
     */
    private static void addVerbs(CommandLine line, Verbs verbs, String[] args) {
        Object wanted = args.length == 0 ? null : verbs.create(args[0]);
        if (wanted != null) {
            line.addSubcommand(args[0], wanted);
            return;
        }
        for (String name : Verbs.NAMES) {
            Object command = verbs.create(name);
            if (command != null) {
                line.addSubcommand(name, command);
            }
        }
    }

    private int misused(ParameterException e, String[] args) {
        CommandSpec command = e.getCommandLine().getCommandSpec();
        String name = command.qualifiedName();
        StringBuilder line = new StringBuilder(name + ": " + firstLine(e));
        if (e instanceof UnmatchedArgumentException unmatched) {
            var suggestions = unmatched.getSuggestions();
            if (!suggestions.isEmpty()) {
                line.append("; did you mean ").append(String.join(" or ", suggestions)).append('?');
            }
        }
        err.line(Text.clean(line + "; see: " + name + " --help"));
        return ExitCode.USAGE;
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private int call(Callable<Integer> command, String name) {
        try {
            return command.call();
        } catch (Exception e) {
            return failed(e, name);
        }
    }

    private int failed(Exception e, String name) {
        return switch (e) {
            case AgentRefusedException refused ->
                    complain(name, sentence(refused), ExitCode.FAILED);
            case AgentUnreachableException gone ->
                    complain(name, sentence(gone), ExitCode.NO_AGENT);
            case MigException refused -> complain(name, refused.getMessage(), ExitCode.FAILED);
            case IOException failure ->
                    complain(name, FileFailures.sentence(failure), ExitCode.FAILED);
            default -> {
                e.printStackTrace(err.stream());
                yield complain(
                        name,
                        "failed in a way nobody foresaw: " + e + "; please report it",
                        ExitCode.FAILED);
            }
        };
    }

    private int complain(String command, @Nullable String why, int status) {
        err.line(Text.clean(command + ": " + why));
        return status;
    }

    private static String sentence(ControlException failure) {
        return failure.getMessage()
                + (failure.remedy().isEmpty() ? "" : "; to do: " + failure.remedy());
    }
}
