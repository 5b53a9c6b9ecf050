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
 * {@code mig run}: the {@code mig} script does it, which becomes the program itself; this class is
 * for help and completion, and for those who start the JVM all the same.
 */
@Command(
        name = "run",
        description =
                "Run a program that the cluster may move, with all that it starts (--on NODE, --best).")
final class RunCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "What to start.")
    private List<String> words = List.of();

    @Unmatched private List<String> options = List.of();

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(List.of(LabMain.home().resolve("mig").toString(), "run"));
        command.addAll(options);
        command.addAll(words);
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
