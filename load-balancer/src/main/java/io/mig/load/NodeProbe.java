package io.mig.load;

/** Reads the node's counters. Implementations need not be safe for several threads. */
@FunctionalInterface
public interface NodeProbe {
    /**
     * The counters now. The first call may take half a second, later ones well below a millisecond.
     */
    NodeReading read();
}
