package io.mig.balance.sim;

import java.util.Collection;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * The physics of a node: its jobs share its processors evenly, nobody has more than one, and when
 * memory is short all crawl.
 *
 * <p>All jobs run at the same speed, so one virtual clock that counts what each job has got since
 * the beginning serves for all of them.
 */
final class Machine {
    /** Speed left when memory is overcommitted by a tenth: one third; never less than a quarter. */
    private static final double PAGING = 20;

    private static final double LEAST_SPEED = 0.25;

    final SimNode node;
    final int index;

    private final PriorityQueue<Running> jobs =
            new PriorityQueue<>(
                    Comparator.<Running>comparingDouble(r -> r.finishVirtual)
                            .thenComparingInt(r -> r.index));
    private double virtual;
    private double updated;
    private double rate;
    private double usedBytes;
    private double crawl = 1;
    private double pressure;
    int stamp;

    Machine(SimNode node, int index) {
        this.node = node;
        this.index = index;
    }

    void add(Running r, double now) {
        advance(now);
        r.node = index;
        r.since = now;
        r.nearness = r.job.home() == index ? 1 : 1 / (1 + r.job.homeBytesPerSecond() / 110e6);
        r.finishVirtual = virtual + r.left / r.nearness;
        usedBytes += resident(r);
        jobs.add(r);
        setRate();
    }

    void remove(Running r, double now) {
        advance(now);
        r.left = left(r);
        jobs.remove(r);
        usedBytes -= resident(r);
        setRate();
    }

    /** Work left now; the clock must have been advanced. */
    double left(Running r) {
        return Math.max(0, (r.finishVirtual - virtual) * r.nearness);
    }

    double resident(Running r) {
        double done = 1 - left(r) / r.job.work();
        return r.job.bytes() * (0.3 + 0.7 * Math.clamp(done / 0.2, 0, 1));
    }

    void advance(double now) {
        virtual += rate * (now - updated);
        updated = now;
    }

    /** Looks at memory and pressure, once per second. */
    void remeasure(double now) {
        advance(now);
        usedBytes = 0;
        for (Running r : jobs) {
            usedBytes += resident(r);
        }
        setRate();
        pressure += 0.2 * (1 - crawl - pressure);
    }

    private void setRate() {
        double over = Math.max(0, usedBytes / node.memoryBytes() - 0.97);
        crawl = Math.max(LEAST_SPEED, 1 / (1 + PAGING * over));
        int n = jobs.size();
        rate = n == 0 ? 0 : node.speed() * Math.min(1, (double) node.cores() / n) * crawl;
    }

    /** When the next job ends if nothing changes. */
    double nextFinish() {
        Running first = jobs.peek();
        return first == null
                ? Double.POSITIVE_INFINITY
                : updated + Math.max(0, (first.finishVirtual - virtual) / rate);
    }

    /** The job that ends now. */
    Running takeFinished(double now) {
        advance(now);
        Running first = jobs.remove();
        usedBytes -= resident(first);
        setRate();
        return first;
    }

    double rate() {
        return rate;
    }

    int size() {
        return jobs.size();
    }

    Collection<Running> jobs() {
        return jobs;
    }

    long availableBytes() {
        return (long) Math.max(0, node.memoryBytes() - usedBytes);
    }

    double pressure() {
        return Math.clamp(pressure, 0, 1);
    }
}
