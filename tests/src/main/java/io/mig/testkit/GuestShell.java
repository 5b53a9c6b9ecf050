package io.mig.testkit;

import io.mig.json.JsonObject;
import java.time.Duration;
import java.util.List;

/**
 * A shell at home (node1) that does what it is told by files in a folder, so that it can be moved
 * to another node and everything it starts from then on is born there, as children of a guest. For
 * one thread.
 */
public final class GuestShell implements AutoCloseable {
    private static final String LOOP =
            """
            cd FOLDER || exit 1
            while [ ! -e end ]; do
                if [ -e job ]; then
                    mv job running
                    bash ./running >out 2>err </dev/null
                    echo $? >status.new
                    mv status.new status
                fi
                sleep 0.1
            done
            """;

    private final LabDriver lab;
    private final String folder;
    private final String pid;
    private int jobs;

    /**
     * Starts the shell at home.
     *
     * @param folder for its orders; made here
     * @param identity options of setpriv(1) that make it somebody's, empty: root's
     */
    public GuestShell(LabDriver lab, String folder, String identity) {
        this.lab = lab;
        this.folder = folder;
        lab.sh("node1", "mkdir -p -m 777 " + folder).must();
        lab.write("node1", folder + "/loop", LOOP.replace("FOLDER", folder));
        String become = identity.isEmpty() ? "" : "setpriv " + identity + " ";
        this.pid =
                lab.sh(
                                "node1",
                                become
                                        + "setsid bash "
                                        + folder
                                        + "/loop </dev/null >/dev/null 2>&1 & echo $!")
                        .must();
    }

    /** Its process at home. */
    public String pid() {
        return pid;
    }

    /** Moves it, with all that it runs. */
    public void move(String node) {
        JsonObject answer =
                node.equals("node1") ? lab.json("home", pid) : lab.json("migrate", pid, node);
        if (!answer.string("outcome", "").equals("moved")) {
            throw new IllegalStateException("shell=" + pid + " to " + node + ": " + answer);
        }
    }

    /** Gives it a script and does not wait. One at a time. */
    public void begin(String script) {
        jobs++;
        lab.write("node1", folder + "/job.new", script + "\n");
        lab.sh("node1", "cd " + folder + " && rm -f status && mv job.new job").must();
    }

    /** Whether the script that began last has not ended. */
    public boolean busy() {
        return lab.exec("node1", "test", "-e", folder + "/status").status() != 0;
    }

    /** Waits for the script that began last and tells what it said. */
    public LabDriver.Answer await(Duration patience) {
        String wait =
                "cd FOLDER; timeout SECONDS sh -c 'until [ -e status ]; do sleep 0.1; done' && cat out && cat err >&2 && exit $(cat status)"
                        .replace("FOLDER", folder)
                        .replace("SECONDS", String.valueOf(patience.toSeconds()));
        LabDriver.Answer answer = lab.sh("node1", wait);
        if (answer.status() == 124) {
            throw new IllegalStateException(
                    "shell=%s job=%d did not end in %s, so far: %s"
                            .formatted(
                                    pid,
                                    jobs,
                                    patience,
                                    lab.sh("node1", "cd " + folder + "; tail -n 5 out err").out()));
        }
        return answer;
    }

    /** Runs a script where the shell is now. */
    public LabDriver.Answer run(String script, Duration patience) {
        begin(script);
        return await(patience);
    }

    @Override
    public void close() {
        lab.exec("node1", "sh", "-c", "touch " + folder + "/end; kill -9 " + pid);
    }

    @Override
    public String toString() {
        return "shell " + List.of(pid, folder);
    }
}
