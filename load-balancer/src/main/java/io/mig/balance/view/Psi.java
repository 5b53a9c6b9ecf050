package io.mig.balance.view;

/**
 * Share of the last ten seconds in which some task waited for a resource
 * (Documentation/accounting/psi.rst), each between 0 and 1.
 */
public record Psi(double cpu, double memory, double io) {
    public static final Psi NONE = new Psi(0, 0, 0);

    public Psi {
        Checks.fraction("psi.cpu", cpu);
        Checks.fraction("psi.memory", memory);
        Checks.fraction("psi.io", io);
    }
}
