package io.mig.balance.sim;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A job while it lives. Owned by the simulation. */
final class Running {
    final SimJob job;
    final int index;

    /** Work left when it last came to a node; see {@link Machine#left}. */
    double left;

    /** Where it runs, or ran last. */
    int node;

    double finishVirtual;
    double nearness = 1;
    double since;
    @Nullable Trip trip;
    final List<Step> steps = new ArrayList<>();

    /** A move it has made. */
    record Step(int from, int to, double at) {}

    Running(SimJob job, int index) {
        this.job = job;
        this.index = index;
        this.left = job.work();
        this.node = job.home();
    }
}
