package io.mig.balance.decide;

import io.mig.balance.view.NodeView;

/**
 * One node as the current round sees it: the facts with their age taken into account, and what this
 * round has already decided to send there or take away. Owned by one round.
 */
final class Standing {
    final NodeView view;
    final NodeTerms terms;
    final double cores;
    final double speed;
    final long memory;

    private double wanted;
    private double available;
    private int guests;

    Standing(NodeView view, NodeTerms terms, double wanted, double available) {
        this.view = view;
        this.terms = terms;
        var facts = view.facts();
        this.cores = facts.capacity().cores();
        this.speed = facts.capacity().speed() * view.trust();
        this.memory = Math.max(1, facts.capacity().memoryBytes());
        this.wanted = wanted + view.announced().runnable();
        this.available = available - view.announced().bytes();
        this.guests = facts.use().guests() + view.announced().processes();
    }

    /** Processors wanted by all that is there or on its way. */
    double wanted() {
        return wanted;
    }

    /** Memory left when all that is on its way has come. */
    double available() {
        return available;
    }

    int guests() {
        return guests;
    }

    void arrive(double demand, double bytes, boolean asGuest) {
        wanted += demand;
        available -= bytes;
        guests += asGuest ? 1 : 0;
    }

    void leave(double demand, double bytes, boolean wasGuest) {
        wanted = Math.max(0, wanted - demand);
        available = Math.min((double) memory, available + bytes);
        guests -= wasGuest ? 1 : 0;
    }

    /** Processors that a program may use here. */
    double coresFor(boolean guest) {
        return guest ? Math.max(0.01, cores - terms.reservedCores()) : cores;
    }

    /** Speed of one processor's worth of a program when {@code total} processors are wanted. */
    double speedAt(double total, double usableCores) {
        double share = total <= usableCores ? 1 : usableCores / total;
        return speed * share * (1 - Math.min(0.95, view.facts().use().psi().memory()));
    }

    /** Wanted processors per processor of speed 1. */
    double cpuUse(double change) {
        return Math.max(0, wanted + change) / (cores * speed);
    }

    double memoryUse(double change) {
        return Math.clamp((memory - available + change) / memory, 0, 4);
    }
}
