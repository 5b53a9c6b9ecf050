package io.mig.balance.sim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Scenarios as text, for clusters that were recorded: lines {@code node CORES SPEED BYTES} and
 * {@code job ARRIVAL HOME WORK BYTES FORKED DIRTY_PER_SECOND HOME_PER_SECOND}, HOME counting the
 * nodes from 0; {@code #} begins a comment.
 */
public final class ScenarioFile {
    private static final int MAX_LINES = 5_000_000;

    private ScenarioFile() {}

    /**
     * Reads a scenario.
     *
     * @throws IllegalArgumentException with the line that cannot be read
     */
    public static Scenario read(List<String> lines) {
        List<SimNode> nodes = new ArrayList<>();
        List<SimJob> jobs = new ArrayList<>();
        if (lines.size() > MAX_LINES) {
            throw new IllegalArgumentException(
                    "the recording has " + lines.size() + " lines, at most " + MAX_LINES);
        }
        int number = 0;
        for (String line : lines) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            String[] f = text.split("\\s+", -1);
            try {
                if (f[0].equals("node") && f.length == 4) {
                    nodes.add(
                            new SimNode(
                                    Integer.parseInt(f[1]), positive(f[2]), (long) positive(f[3])));
                } else if (f[0].equals("job") && f.length == 8) {
                    jobs.add(job(f, nodes.size()));
                } else {
                    throw new IllegalArgumentException("expected node or job with its fields");
                }
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "line " + number + " cannot be read: " + e.getMessage(), e);
            }
        }
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("the recording has no node");
        }
        jobs.sort(Comparator.comparingDouble(SimJob::arrival));
        return new Scenario(0, nodes, jobs);
    }

    private static SimJob job(String[] f, int nodes) {
        int home = Integer.parseInt(f[2]);
        if (home < 0 || home >= nodes) {
            throw new IllegalArgumentException("home=" + home + " of nodes=" + nodes);
        }
        return new SimJob(
                number(f[1]),
                home,
                positive(f[3]),
                number(f[4]),
                Boolean.parseBoolean(f[5]),
                number(f[6]),
                number(f[7]));
    }

    private static double positive(String text) {
        double value = number(text);
        if (value <= 0) {
            throw new IllegalArgumentException(text + " must be above 0");
        }
        return value;
    }

    private static double number(String text) {
        double value = Double.parseDouble(text);
        if (!(value >= 0 && value < 1e15)) {
            throw new IllegalArgumentException(text + " is out of range");
        }
        return value;
    }

    /** The lines of a scenario. */
    public static List<String> write(Scenario scenario) {
        List<String> lines = new ArrayList<>();
        for (SimNode n : scenario.nodes()) {
            lines.add("node " + n.cores() + " " + n.speed() + " " + n.memoryBytes());
        }
        for (SimJob j : scenario.jobs()) {
            lines.add(
                    "job "
                            + j.arrival()
                            + " "
                            + j.home()
                            + " "
                            + j.work()
                            + " "
                            + j.bytes()
                            + " "
                            + j.forked()
                            + " "
                            + j.dirtyBytesPerSecond()
                            + " "
                            + j.homeBytesPerSecond());
        }
        return lines;
    }
}
