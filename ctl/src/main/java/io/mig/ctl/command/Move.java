package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.AgentRefusedException;
import io.mig.ctl.client.ControlException;
import io.mig.ctl.render.JsonPrinter;
import io.mig.ctl.render.ProgressLine;
import io.mig.ctl.render.Text;
import io.mig.ctl.render.Units;
import io.mig.json.JsonNull;
import io.mig.json.JsonObject;
import io.mig.json.JsonValue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One move by request of the user: progress while it runs, one line at its end. Shared by {@code
 * migrate} and {@code home}.
 */
final class Move {
    /**
     * A move takes as long as its process is big and its link is slow; the agent has its own time
     * limits.
     */
    private static final Duration NO_LIMIT = Duration.ZERO;

    private final CliContext context;
    private final boolean json;

    Move(CliContext context, boolean json) {
        this.context = context;
        this.json = json;
    }

    /**
     * Asks for the move and shows what comes of it.
     *
     * @param node where to; null for home
     * @return the exit status
     */
    int run(String verb, String process, @Nullable String node) throws ControlException {
        JsonObject.Builder args = JsonObject.builder().put("process", process);
        if (node != null) {
            args.put("node", node);
        }
        JsonValue answer;
        try (ProgressLine progress =
                new ProgressLine(context.err(), process + " -> " + (node == null ? verb : node))) {
            answer = context.agent().apply(NO_LIMIT).call(verb, args.build(), progress::show);
        } catch (AgentRefusedException e) {
            if (json) {
                JsonPrinter.print(context.out(), refusal(e, process, node));
            }
            throw e;
        }
        JsonObject result = answer instanceof JsonObject object ? object : JsonObject.EMPTY;
        if (json) {
            JsonPrinter.print(context.out(), result);
        } else {
            context.out().line(Text.clean(story(result, process)));
        }
        return ExitCode.OK;
    }

    private static String story(JsonObject result, String process) {
        String command = result.string("command", "");
        return result.string("outcome", "moved")
                + " "
                + result.string("process", process)
                + (command.isEmpty() ? "" : " (" + command + ")")
                + ": "
                + result.string("from", "?")
                + " -> "
                + result.string("to", "?")
                + ", frozen "
                + Fields.number(result, "freezeMs", Units::millis)
                + " of "
                + Fields.number(result, "totalMs", Units::millis)
                + ", "
                + Fields.number(result, "bytes", Units::bytes);
    }

    /**
     * A script that asked for JSON gets the same fields after a refusal; what the agent knows of
     * them replaces the unknowns.
     */
    private static JsonObject refusal(
            AgentRefusedException refused, String process, @Nullable String node) {
        return JsonObject.builder()
                .put("process", process)
                .put("from", JsonNull.NULL)
                .put("to", node)
                .put("mode", JsonNull.NULL)
                .put("freezeMs", JsonNull.NULL)
                .put("totalMs", JsonNull.NULL)
                .put("bytes", JsonNull.NULL)
                .put("phases", JsonObject.EMPTY)
                .put("outcome", "refused")
                .put("reason", refused.getMessage())
                .putAll(refused.detail())
                .put(
                        "error",
                        JsonObject.builder()
                                .put("code", refused.code())
                                .put("message", refused.getMessage())
                                .put("remedy", refused.remedy())
                                .build())
                .build();
    }
}
