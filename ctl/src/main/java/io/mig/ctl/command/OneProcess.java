package io.mig.ctl.command;

import picocli.CommandLine.Parameters;

/** What commands about one process have in common: its name comes first. */
abstract class OneProcess {
    final CliContext context;

    @Parameters(
            index = "0",
            paramLabel = "PROCESS",
            description = "Pid, NODE:PID, or command name.")
    String process = "";

    OneProcess(CliContext context) {
        this.context = context;
    }
}
