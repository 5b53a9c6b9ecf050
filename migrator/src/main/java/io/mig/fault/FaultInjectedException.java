package io.mig.fault;

/** A step failed because a fault was injected there. */
public final class FaultInjectedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FaultInjectedException(FaultPoint point) {
        super("injected fault: point=" + point.label());
    }
}
