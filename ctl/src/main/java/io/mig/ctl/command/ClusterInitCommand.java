package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.render.JsonPrinter;
import io.mig.pki.NodeIdentity;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig cluster init}: makes the cluster's authority and this node's identity. */
@Command(
        name = "init",
        description =
                "Make a new cluster's authority, and the identity of this node, its first one.")
final class ClusterInitCommand implements Callable<Integer> {
    private final CliContext context;

    @Mixin private PkiOptions pki = new PkiOptions();

    @Option(
            names = "--node",
            paramLabel = "NAME",
            description = "Name of this node (default: its host name).")
    private @Nullable String node;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "CLUSTER",
            description = "Name of the cluster (default: ${DEFAULT-VALUE}).")
    private String cluster = "mig";

    ClusterInitCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        NodeIdentity identity = pki.commands().init(cluster, PkiOptions.node(node));
        if (pki.json()) {
            JsonPrinter.print(context.out(), Identities.json(identity, pki.directory()));
        } else {
            Identities.print(context.out(), identity, pki.directory());
            context.out()
                    .line(
                            "keep "
                                    + pki.directory().resolve("authority")
                                    + " safe: who has it can admit nodes");
            context.out().line("next: start the agent, then 'mig token' for each further node");
        }
        return ExitCode.OK;
    }
}
