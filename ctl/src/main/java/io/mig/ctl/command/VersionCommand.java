package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.AgentUnreachableException;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.Text;
import io.mig.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mig version}: this command's version, and the agent's where one answers. */
@Command(name = "version", description = "Show the versions of this command and of the agent.")
final class VersionCommand implements Callable<Integer> {
    private final CliContext context;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    VersionCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject.Builder versions = JsonObject.builder().put("mig", ownVersion());
        String agent;
        try {
            JsonObject status = context.askObject("status", JsonObject.EMPTY);
            String version = status.string("agentVersion", "unknown");
            String node = status.string("node", "unknown");
            versions.put("agentVersion", version).put("node", node);
            agent = "agent " + version + " on node=" + node;
        } catch (AgentUnreachableException e) {
            versions.put("agentVersion", (String) null);
            agent = "agent: " + e.getMessage();
        }
        JsonObject answer = versions.build();
        if (json) {
            JsonPrinter.print(context.out(), answer);
        } else {
            context.out().line("mig " + answer.string("mig", "unknown"));
            context.out().line(Text.clean(agent));
        }
        return ExitCode.OK;
    }

    private static String ownVersion() {
        try (InputStream resource =
                VersionCommand.class.getResourceAsStream("/io/mig/ctl/build.properties")) {
            Properties properties = new Properties();
            if (resource != null) {
                properties.load(resource);
            }
            return properties.getProperty("version", "unknown");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
