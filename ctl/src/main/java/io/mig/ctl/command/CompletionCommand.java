package io.mig.ctl.command;

import io.mig.ctl.ExitCode;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mig completion}: the script that makes bash and zsh complete verbs and options. */
@Command(name = "completion", description = "Print the completion script: source <(mig completion)")
final class CompletionCommand implements Callable<Integer> {
    private final CliContext context;

    @Spec private @Nullable CommandSpec spec;

    CompletionCommand(CliContext context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        if (spec == null) {
            throw new IllegalStateException(
                    "picocli sets the command's description before it runs it");
        }
        CommandLine root = spec.root().commandLine();
        Verbs verbs = new Verbs(context);
        for (String name : Verbs.NAMES) {
            Object command = verbs.create(name);
            if (command != null && !root.getSubcommands().containsKey(name)) {
                root.addSubcommand(name, command);
            }
        }
        context.out().stream().print(AutoComplete.bash("mig", root));
        return ExitCode.OK;
    }
}
