package io.mig.ctl.lab;

import io.mig.ctl.host.HostCommand;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs commands inside nodes for the lab itself, without a terminal. {@code mig lab exec} and
 * {@code mig lab shell} do the same in the {@code mig} script, which spares them a JVM.
 */
final class NodeShell {
    private final LabPlace place;

    NodeShell(LabPlace place) {
        this.place = place;
    }

    /** The host command that runs a command in a node that is up. */
    List<String> command(LabNode node, List<String> inner) {
        HostProcess init = place.init(node).orElseThrow(() -> new LabException(node + " is down"));
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "sh",
                                "-c",
                                "for group in"
                                        + place.cgroups(node)
                                        + "; do echo $$ >$group/cgroup.procs || exit; done"
                                        + " && exec \"$@\"",
                                "sh",
                                "nsenter",
                                "-t",
                                Long.toString(init.pid()),
                                "-m",
                                "-u",
                                "-i",
                                "-n",
                                "-p",
                                "-C",
                                "--wdns=/root",
                                "--",
                                "env",
                                "-i",
                                "HOME=/root",
                                "LANG=C.UTF-8",
                                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                "setsid"));
        command.addAll(inner);
        return command;
    }

    HostCommand.Outcome run(LabNode node, List<String> inner) {
        return HostCommand.run(command(node, inner));
    }

    String must(LabNode node, String... inner) {
        HostCommand.Outcome outcome = run(node, List.of(inner));
        if (!outcome.ok()) {
            throw new LabException(
                    "on "
                            + node
                            + ": "
                            + String.join(" ", inner)
                            + " failed with status "
                            + outcome.status()
                            + ": "
                            + outcome.output());
        }
        return outcome.output();
    }
}
