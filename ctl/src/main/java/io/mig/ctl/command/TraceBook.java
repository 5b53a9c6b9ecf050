package io.mig.ctl.command;

import io.mig.json.JsonObject;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Turns what the cluster looks like each second into a scenario that {@code mig sim --replay}
 * plays: lines {@code node CORES SPEED BYTES} and {@code job ARRIVAL HOME WORK BYTES FORKED
 * DIRTY_PER_SECOND HOME_PER_SECOND}. What lived for less than the time between two looks may be
 * missing; work is known up to the last look, I/O is that of the last look, and what nobody has
 * measured of a memory counts as no writes. Thread-safe: a signal may end a recording.
 */
final class TraceBook {
    /** A process that moves is on neither node for a while. */
    private static final double GONE_SECONDS = 10;

    private static final double LEAST_WORK = 0.01;

    private final Map<String, NodeLine> nodes = new TreeMap<>();
    private final Map<String, Job> alive = new LinkedHashMap<>();
    private final List<Job> ended = new ArrayList<>();
    private boolean begun;
    private double last;

    private record NodeLine(double cores, double speed, long bytes) {}

    /** One process as far as it is known. */
    private static final class Job {
        final String home;
        final double arrival;
        final double workBefore;
        final boolean forked;
        double work;
        double bytes;
        double dirtyRate;
        double homeRate;
        double seen;

        Job(String home, double arrival, double workBefore, boolean forked) {
            this.home = home;
            this.arrival = arrival;
            this.workBefore = workBefore;
            this.forked = forked;
        }
    }

    /**
     * Takes note of one look.
     *
     * @param board the answer to {@code board}
     * @param seconds since the recording began, growing
     */
    synchronized void look(JsonObject board, double seconds) {
        for (JsonObject n : board.array("nodes").objects()) {
            nodes.put(
                    n.string("node", "?"),
                    new NodeLine(
                            n.number("cores").orElse(1),
                            n.number("speed").orElse(1),
                            n.integer("memTotalBytes").orElse(1)));
        }
        for (JsonObject p : board.array("managed").objects()) {
            process(p, seconds);
        }
        // what a silent node has is not gone
        boolean complete = board.array("unreachable").size() == 0;
        for (var each = alive.values().iterator(); each.hasNext(); ) {
            Job job = each.next();
            if (job.seen < seconds && complete && seconds - job.seen > GONE_SECONDS) {
                ended.add(job);
                each.remove();
            } else if (!complete && job.seen < seconds) {
                job.seen += seconds - last;
            }
        }
        begun = true;
        last = seconds;
    }

    private void process(JsonObject p, double seconds) {
        String name = p.string("process", "?");
        double work = p.number("work").orElse(p.number("cpuSeconds").orElse(0));
        Job job = alive.get(name);
        if (job != null && work < job.work - 1) {
            ended.add(job); // the number is another's now
            job = null;
        }
        if (job == null) {
            double age = p.number("ageSeconds").orElse(0);
            job =
                    new Job(
                            p.string("home", "?"),
                            begun ? Math.max(last, seconds - age) : 0,
                            begun ? 0 : work,
                            p.isTrue("forked"));
            alive.put(name, job);
        }
        job.work = Math.max(job.work, work);
        job.bytes = Math.max(job.bytes, p.number("rssBytes").orElse(0));
        job.dirtyRate = Math.max(job.dirtyRate, p.number("dirtyBytesPerSecond").orElse(0));
        job.homeRate = p.number("homeBytesPerSecond").orElse(0);
        job.seen = seconds;
    }

    synchronized int nodes() {
        return nodes.size();
    }

    /** Processes that were seen. */
    synchronized int processes() {
        return ended.size() + alive.size();
    }

    /** Those of them that were there at the last look. */
    synchronized int running() {
        return (int) alive.values().stream().filter(job -> job.seen == last).count();
    }

    /** The recording so far. */
    synchronized List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(
                "# mig record: "
                        + Math.round(last)
                        + " s, "
                        + processes()
                        + " processes, "
                        + running()
                        + " of them still ran at the end");
        List<String> names = List.copyOf(nodes.keySet());
        nodes.forEach(
                (name, n) -> {
                    lines.add("# " + name);
                    lines.add(
                            "node "
                                    + Math.max(1, (int) Math.round(n.cores))
                                    + " "
                                    + Math.max(0.001, n.speed)
                                    + " "
                                    + Math.max(1, n.bytes));
                });
        List<Job> jobs = new ArrayList<>(ended);
        jobs.addAll(alive.values());
        jobs.sort(Comparator.comparingDouble(job -> job.arrival));
        for (Job job : jobs) {
            int home = names.indexOf(job.home);
            if (home >= 0) { // a home that never answered has no node to be replayed on
                lines.add(
                        "job "
                                + job.arrival
                                + " "
                                + home
                                + " "
                                + Math.max(LEAST_WORK, job.work - job.workBefore)
                                + " "
                                + job.bytes
                                + " "
                                + job.forked
                                + " "
                                + job.dirtyRate
                                + " "
                                + job.homeRate);
            }
        }
        return lines;
    }
}
