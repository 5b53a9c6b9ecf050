package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.render.JsonPrinter;
import io.mig.json.JsonObject;
import io.mig.model.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mig token}: one line that lets one new node in. */
@Command(
        name = "token",
        description =
                "Make a one-time token for a new node; run it where 'mig cluster init' was run.")
final class TokenCommand implements Callable<Integer> {
    private static final int JOIN_PORT = 7421;

    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    @Mixin private PkiOptions pki = new PkiOptions();

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "This node as the new one reaches it (default: its host name).")
    private @Nullable String host;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "The agent's port for joining nodes (default: ${DEFAULT-VALUE}).")
    private int port = JOIN_PORT;

    @Option(
            names = "--minutes",
            paramLabel = "COUNT",
            description = "How long it is good for (default: ${DEFAULT-VALUE}).")
    private int minutes = 60;

    @Option(
            names = "--only-for",
            paramLabel = "NODE",
            description = "The only node that may use it; that may be a member set up anew.")
    private @Nullable String onlyFor;

    TokenCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        if (spec != null && (minutes < 1 || port < 1 || port > 65_535)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--minutes must be 1 or more, --port between 1 and 65535: minutes="
                            + minutes
                            + " port="
                            + port);
        }
        Optional<NodeId> only =
                onlyFor == null ? Optional.empty() : Optional.of(PkiOptions.node(onlyFor));
        String token =
                pki.commands()
                        .token(
                                host == null ? PkiOptions.hostName() : host,
                                port,
                                Duration.ofMinutes(minutes),
                                only);
        if (pki.json()) {
            JsonPrinter.print(context.out(), JsonObject.builder().put("token", token).build());
        } else {
            context.out().line(token); // alone on its line, so that $(mig token) works
        }
        return ExitCode.OK;
    }
}
