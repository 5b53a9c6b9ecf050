package io.mig.ctl.command;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * All verbs by name. A command is made only when it is asked for: picocli reads a command's
 * annotations by reflection, and reading those of twenty commands is felt at every start.
 */
public final class Verbs {
    /** In the order of the help text. */
    public static final List<String> NAMES =
            List.of(
                    "run",
                    "shell",
                    "ps",
                    "top",
                    "nodes",
                    "migrate",
                    "home",
                    "can",
                    "inspect",
                    "log",
                    "status",
                    "plan",
                    "apply",
                    "why",
                    "best",
                    "pin",
                    "unpin",
                    "drain",
                    "undo",
                    "undrain",
                    "cordon",
                    "uncordon",
                    "owner",
                    "events",
                    "record",
                    "policy",
                    "doctor",
                    "lab",
                    "cluster",
                    "token",
                    "join",
                    "fault",
                    "version",
                    "completion");

    private final CliContext context;

    public Verbs(CliContext context) {
        this.context = context;
    }

    /**
     * A command line that leaves nothing to be parsed, or null when it has to be. For what is asked
     * most: the JVM makes a class for each kind of annotation that picocli reads, which takes as
     * long as all the rest of such a command.
     */
    public @Nullable Callable<Integer> plain(String... words) {
        return switch (String.join(" ", words)) {
            case "ps" -> new PsCommand(context, false);
            case "ps --json" -> new PsCommand(context, true);
            case "nodes" -> new NodesCommand(context, false);
            case "nodes --json" -> new NodesCommand(context, true);
            case "top" -> new TopCommand(context, false, false);
            case "top --once" -> new TopCommand(context, false, true);
            case "top --json" -> new TopCommand(context, true, false);
            default -> null;
        };
    }

    /** The command for a verb, or null when there is no such verb. */
    public @Nullable Object create(String verb) {
        return switch (verb) {
            case "run" -> new RunCommand();
            case "shell" -> new ShellCommand();
            case "top" -> new TopCommand(context);
            case "ps" -> new PsCommand(context);
            case "nodes" -> new NodesCommand(context);
            case "migrate" -> new MigrateCommand(context);
            case "home" -> new HomeCommand(context);
            case "can" -> new CanCommand(context);
            case "inspect" -> new InspectCommand(context);
            case "log" -> new LogCommand(context);
            case "status" -> new StatusCommand(context);
            case "plan" -> new PlanCommand(context);
            case "apply" -> new ApplyCommand(context);
            case "why" -> new WhyCommand(context);
            case "best" -> new BestCommand(context);
            case "pin" -> new PinCommand(context);
            case "unpin" -> new UnpinCommand(context);
            case "drain" -> new DrainCommand(context);
            case "undo" -> new UndoCommand(context);
            case "undrain" -> new UndrainCommand(context);
            case "cordon" -> new CordonCommand(context);
            case "uncordon" -> new UncordonCommand(context);
            case "owner" -> new OwnerCommand(context);
            case "events" -> new EventsCommand(context);
            case "record" -> new RecordCommand(context);
            case "policy" -> new PolicyCommand(context);
            case "doctor" -> new DoctorCommand(context);
            case "lab" -> new LabCommand(context);
            case "cluster" -> ClusterCommand.withActions(context);
            case "token" -> new TokenCommand(context);
            case "join" -> new JoinCommand(context);
            case "fault" -> new FaultCommand(context);
            case "version" -> new VersionCommand(context);
            case "completion" -> new CompletionCommand(context);
            default -> null;
        };
    }
}
