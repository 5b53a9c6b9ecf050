package io.mig.ctl.command;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code mig} itself: the options that every verb knows. */
@Command(
        name = "mig",
        synopsisSubcommandLabel = "VERB",
        description = "Move running programs between the nodes of a cluster.",
        commandListHeading = "%nVerbs:%n",
        footer = {
            "",
            "PROCESS is a pid of this node, NODE:PID, or a command name.",
            "Exit status: 0 done, 1 refused or failed, 2 wrong command line, 3 no agent.",
            "Also: mig demo, mig test, mig bench, mig agent (each with --help)."
        })
public final class RootCommand {
    private static final String DEFAULT_RUN = "/run/mig";

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            scope = ScopeType.INHERIT,
            description =
                    "The agent's control socket (default: $MIG_RUN/control.sock, /run/mig/control.sock).")
    private @Nullable Path socket;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    @SuppressWarnings("unused") // picocli reads it by its annotation
    private boolean help;

    /** The control socket to use, after the command line was parsed. */
    public Path socket(Map<String, String> environment) {
        if (socket != null) {
            return socket;
        }
        String run = environment.getOrDefault("MIG_RUN", "");
        return Path.of(run.isEmpty() ? DEFAULT_RUN : run).resolve("control.sock");
    }
}
