package io.mig.ctl.command;

import io.mig.ctl.lab.LabMain;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Unmatched;

/**
 * {@code mig shell}: the {@code mig} script does it, which becomes the program itself; this class
 * is for help and completion, and for those who start the JVM all the same.
 */
@Command(
        name = "shell",
        description = "A shell that stays here and whose programs may be moved: fork and forget.")
final class ShellCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "What to start.")
    private List<String> words = List.of();

    @Unmatched private List<String> options = List.of();

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(LabMain.home().resolve("mig").toString(), "shell"));
        command.addAll(options);
        command.addAll(words);
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
