package io.mig.agent.verb;

import io.mig.agent.verb.ManagedHere.Figures;
import io.mig.load.DirtyRate;
import io.mig.wire.proto.GuestItem;
import java.util.Optional;

/** What was measured of a process, on its way to people. */
final class FigureItems {
    private FigureItems() {}

    static void set(GuestItem.Builder item, Figures figures) {
        figures.dirty()
                .ifPresent(
                        rate ->
                                item.setDirtyPerSecond(rate.bytesPerSecond())
                                        .setDirtyMethod(number(rate.method())));
        item.setHomePerSecond(figures.homePerSecond())
                .setRelayedPerSecond(figures.relayedPerSecond());
    }

    /** What an agent told; what was found by a method that we do not know is not known. */
    static Figures of(GuestItem item) {
        double rate = item.getDirtyPerSecond();
        Optional<DirtyRate> dirty = Optional.empty();
        for (DirtyRate.Method method : DirtyRate.Method.values()) {
            if (number(method) == item.getDirtyMethod() && rate >= 0 && rate < 1e13) {
                dirty = Optional.of(new DirtyRate(rate, method));
            }
        }
        return new Figures(dirty, item.getHomePerSecond(), item.getRelayedPerSecond());
    }

    /** As it is told; 0 is kept for what is not known. */
    private static int number(DirtyRate.Method method) {
        return switch (method) {
            case WRITTEN -> 1;
            case TOUCHED -> 2;
            case RESTS -> 3;
        };
    }
}
