package io.mig.balance.view;

/**
 * How a node is used.
 *
 * @param runnable processors wanted by all that runs there (running and waiting tasks, smoothed
 *     over seconds; what was announced and has not arrived is not in it)
 * @param availableBytes memory to be had without swapping
 * @param psi pressure
 * @param guests bodies of other nodes' processes
 */
public record NodeUse(double runnable, long availableBytes, Psi psi, int guests) {
    public NodeUse {
        Checks.range("runnable", runnable, 0, 1e7);
        Checks.notNegative("availableBytes", availableBytes);
        Checks.range("guests", guests, 0, 1 << 20);
    }
}
