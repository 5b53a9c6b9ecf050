package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import io.mig.ctl.client.ControlException;
import io.mig.json.JsonObject;
import java.util.Optional;
import picocli.CommandLine.Command;

/** {@code mig undo PROCESS}: takes its last move back. */
@Command(
        name = "undo",
        description = "Take the last move of a process back: it goes where it came from.")
final class UndoCommand extends MoveCommand {
    UndoCommand(CliContext context) {
        super(context);
    }

    @Override
    public Integer call() throws ControlException {
        JsonObject why =
                context.askObject("why", JsonObject.builder().put("process", process).build());
        Optional<JsonObject> last =
                why.array("moves").objects().stream()
                        .filter(move -> move.string("outcome", "").equals("committed"))
                        .findFirst();
        if (last.isEmpty()) {
            context.err().line("mig undo: " + process + " has not been moved; mig log shows moves");
            return ExitCode.FAILED;
        }
        return move().run("migrate", process, last.get().string("from", ""));
    }
}
