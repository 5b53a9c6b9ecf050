package io.mig.demo;

import io.mig.json.JsonObject;
import io.mig.testkit.LabDriver;
import io.mig.testkit.Terminal;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Shows one program: starts it in the shell, moves it while it runs, compares what it made. */
final class Show {
    private static final Duration END = Duration.ofMinutes(10); // of a busy machine
    private static final Pattern STATUS = Pattern.compile("status=([0-9 ]+)[\\r\\n]");

    private final LabDriver lab;
    private final String folder;
    private final PrintStream out;

    Show(LabDriver lab, String folder, PrintStream out) {
        this.lab = lab;
        this.folder = folder;
        this.out = out;
    }

    Row run(Program program) {
        out.println("\n=== " + program.name());
        List<Hop> hops = new ArrayList<>();
        String status = "?";
        String error = null;
        boolean identical = false;
        CompletableFuture<String> reference = CompletableFuture.supplyAsync(() -> unmoved(program));
        try (Terminal terminal = lab.terminal("node1", out::print)) {
            terminal.line(
                    "PS1='node1$ '; export TMPDIR="
                            + folder
                            + "/tmp; cd "
                            + folder
                            + "/run; echo at=$PWD");
            terminal.expect("at=/");
            terminal.line(program.line() + "; echo status=${PIPESTATUS[*]}");
            String pid = find(program);
            for (String node : List.of("node2", "node3", "node1")) {
                pause(1500);
                hop(hops, pid, node);
                if (node.equals("node2")) {
                    look(program, pid);
                    if (program.stop()) {
                        stopAndGoOn(terminal);
                    }
                }
            }
            status = end(terminal);
            String expected = reference.join();
            identical = same() && status.equals(expected);
            if (!status.equals(expected)) {
                error = "status " + status + ", unmoved " + expected;
            }
        } catch (FailedException | AssertionError | IllegalStateException e) {
            error = String.valueOf(e.getMessage());
            out.println("\n=== FAILED: " + error);
        }
        reference.handle((value, failure) -> 0).join();
        clear();
        return new Row(program.name(), hops, status, identical, error);
    }

    private String end(Terminal terminal) {
        try {
            return terminal.expect(STATUS, END).group(1);
        } catch (AssertionError e) {
            if (System.getenv("MIG_DEMO_KEEP") != null) { // for whoever wants to look
                out.println("\n=== " + e.getMessage() + "\n=== left as it is (lab demo)");
                pause(Long.MAX_VALUE);
            }
            throw e;
        }
    }

    private String unmoved(Program program) {
        String line =
                "export TMPDIR="
                        + folder
                        + "/tmp; cd "
                        + folder
                        + "/ref; "
                        + program.line()
                        + "; echo status=${PIPESTATUS[*]}";
        String said = lab.sh("node1", line).must();
        int at = said.lastIndexOf("status=");
        return said.substring(at + "status=".length()).strip();
    }

    private String find(Program program) {
        for (int attempt = 0; attempt < 50; attempt++) {
            // the unmoved run for comparison is on the same node
            LabDriver.Answer answer =
                    lab.sh(
                            "node1",
                            "for p in $(pgrep -f -- '"
                                    + program.match()
                                    + "'); do if [ \"$(readlink /proc/$p/cwd)\" = "
                                    + folder
                                    + "/run ]; then echo $p; exit; fi; done; exit 1");
            if (answer.status() == 0) {
                return answer.out().strip();
            }
            pause(100);
        }
        throw new FailedException("it did not start");
    }

    private void hop(List<Hop> hops, String pid, String node) {
        JsonObject move =
                node.equals("node1") ? lab.json("home", pid) : lab.json("migrate", pid, node);
        String outcome = move.string("outcome", "?");
        if (!outcome.equals("moved")) {
            throw new FailedException(
                    "to " + node + ": " + outcome + ": " + move.string("reason", ""));
        }
        Hop hop =
                new Hop(
                        node,
                        move.number("freezeMs").orElse(Double.NaN),
                        move.integer("bytes").orElse(-1));
        hops.add(hop);
        out.printf(
                "%n=== moved to %s: freeze %.0f ms, %,d bytes%n",
                node, hop.freezeMs(), hop.bytes());
    }

    private void look(Program program, String pid) {
        out.println("=== mig ps\n" + lab.exec("node1", "mig", "ps").out());
        String columns = "pid,ppid,stat,tty,rss,time,args";
        out.println(
                "=== node1: ps\n" + cut(lab.exec("node1", "ps", "-o", columns, "-p", pid).out()));
        out.println(
                "=== node2: ps\n"
                        + cut(
                                lab.sh(
                                                "node2",
                                                "ps axo "
                                                        + columns
                                                        + " | grep -- '"
                                                        + program.match().replace("^", "")
                                                        + "' | grep -v grep")
                                        .out()));
    }

    private static String cut(String text) {
        StringBuilder lines = new StringBuilder();
        text.lines().forEach(l -> lines.append(l, 0, Math.min(120, l.length())).append('\n'));
        return lines.toString().stripTrailing();
    }

    private void stopAndGoOn(Terminal terminal) {
        terminal.type("\032");
        terminal.expect("Stopped");
        terminal.line("jobs; echo still=here");
        terminal.expect("still=here[\\r\\n]");
        terminal.line("fg; echo status=$?");
    }

    /** Whether both folders hold the same bytes under the same names. */
    private boolean same() {
        LabDriver.Answer difference =
                lab.exec("node1", "diff", "-rq", folder + "/run", folder + "/ref");
        if (difference.status() != 0) {
            throw new FailedException("results differ: " + difference.out().replace('\n', ' '));
        }
        return true;
    }

    /** Results are large; sources stay. */
    private void clear() {
        lab.sh(
                "node1",
                "cd "
                        + folder
                        + " && for d in run ref; do find $d -type f ! -name '*.c' ! -name Makefile -delete; done");
    }

    /** A program that did not do what it should; the text goes to the table. */
    private static final class FailedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        FailedException(String message) {
            super(message);
        }
    }

    private static void pause(long millis) {
        try {
            TimeUnit.MILLISECONDS.sleep(millis); // the program shall work a while between hops
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /**
     * One move.
     *
     * @param freezeMs how long the program stood still
     */
    record Hop(String node, double freezeMs, long bytes) {}

    /** One line of the table. */
    record Row(
            String name, List<Hop> hops, String status, boolean identical, @Nullable String error) {
        Row {
            hops = List.copyOf(hops);
        }

        boolean good() {
            return identical && error == null && hops.size() == 3;
        }
    }
}
