package io.mig.fault;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The faults that were asked for, as written in {@code MIG_FAULTS}: {@code
 * point:kind[,point:kind...]}.
 *
 * @param entries in the order given; each fires at most once
 */
public record FaultPlan(List<Entry> entries) {
    /** One fault: at this point, this kind. */
    public record Entry(FaultPoint point, FaultKind kind) {
        /** A file name for the mark that it fired. */
        String mark() {
            return point.label() + "." + kind.label();
        }
    }

    public FaultPlan {
        entries = List.copyOf(entries);
    }

    public static FaultPlan none() {
        return new FaultPlan(List.of());
    }

    /**
     * Reads a plan.
     *
     * @throws IllegalArgumentException naming the unknown point or kind and the known ones
     */
    public static FaultPlan parse(String text) {
        List<Entry> entries = new ArrayList<>();
        for (String part : text.split(",")) {
            String item = part.strip();
            if (item.isEmpty()) {
                continue;
            }
            int colon = item.lastIndexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException(
                        "MIG_FAULTS entry=" + item + " has no kind; write point:kind");
            }
            entries.add(
                    new Entry(point(item.substring(0, colon)), kind(item.substring(colon + 1))));
        }
        return new FaultPlan(entries);
    }

    private static FaultPoint point(String label) {
        return FaultPoint.named(label)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "MIG_FAULTS names an unknown point="
                                                + label
                                                + "; `mig fault list` shows the known ones"));
    }

    private static FaultKind kind(String label) {
        return Arrays.stream(FaultKind.values())
                .filter(k -> k.label().equals(label.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "MIG_FAULTS names an unknown kind="
                                                + label
                                                + "; known: "
                                                + Arrays.stream(FaultKind.values())
                                                        .map(FaultKind::label)
                                                        .toList()));
    }
}
