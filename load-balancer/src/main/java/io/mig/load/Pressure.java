package io.mig.load;

/**
 * How much time was lost for want of a resource, as the kernel sees it
 * (Documentation/accounting/psi.rst). Fractions of the time between 0 and 1.
 *
 * @param some10 at least one task waited, mean of 10 s
 * @param some60 at least one task waited, mean of 60 s
 * @param full10 all tasks waited at once, mean of 10 s; 0 where the kernel has no such figure
 * @param someMicros time in which at least one task waited, since boot, in microseconds
 */
public record Pressure(double some10, double some60, double full10, long someMicros) {}
