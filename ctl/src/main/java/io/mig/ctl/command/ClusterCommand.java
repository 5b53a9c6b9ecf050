package io.mig.ctl.command;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code mig cluster ...}: what makes a set of nodes a cluster. */
@Command(
        name = "cluster",
        synopsisSubcommandLabel = "init|token",
        description = "Make a cluster's authority; make tokens for new nodes.")
final class ClusterCommand {
    private ClusterCommand() {}

    static CommandLine withActions(CliContext context) {
        return new CommandLine(new ClusterCommand())
                .addSubcommand("init", new ClusterInitCommand(context))
                .addSubcommand("token", new TokenCommand(context));
    }
}
