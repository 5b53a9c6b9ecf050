package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.render.JsonPrinter;
import io.mig.pki.NodeIdentity;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code mig join TOKEN}: makes this node a member of a cluster. */
@Command(
        name = "join",
        description = "Make this node a member of a cluster: gets its certificate with a token.")
final class JoinCommand implements Callable<Integer> {
    private final CliContext context;

    @Mixin private PkiOptions pki = new PkiOptions();

    @Option(
            names = "--node",
            paramLabel = "NAME",
            description = "Name of this node (default: its host name).")
    private @Nullable String node;

    @Parameters(
            index = "0",
            paramLabel = "TOKEN",
            description =
                    "What 'mig token' printed; - reads it from standard input, where 'ps' does not show it.")
    private String token = "";

    JoinCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        String text = token.equals("-") ? firstLineOfInput() : token;
        NodeIdentity identity = pki.commands().join(text, PkiOptions.node(node));
        if (pki.json()) {
            JsonPrinter.print(context.out(), Identities.json(identity, pki.directory()));
        } else {
            Identities.print(context.out(), identity, pki.directory());
            context.out()
                    .line(
                            "next: name all nodes under 'peers' in /etc/mig/agent.toml and start the agent: mig agent");
        }
        return ExitCode.OK;
    }

    private static String firstLineOfInput() throws IOException {
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line = input.readLine();
        return line == null ? "" : line;
    }
}
