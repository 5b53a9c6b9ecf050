package io.mig.migration;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A stopwatch for the steps of one move. One owner thread. */
public final class Phases {
    /** One finished step. */
    public record Phase(String name, Duration took) {}

    private final List<Phase> finished = new ArrayList<>();
    private final Consumer<String> onBegin;
    private final long start = System.nanoTime();
    private String current = "";
    private long currentStart = start;

    /**
     * @param onBegin told the name of each step as it begins
     */
    public Phases(Consumer<String> onBegin) {
        this.onBegin = onBegin;
    }

    /** Ends the running step and begins another. */
    public void begin(String name) {
        end();
        current = name;
        currentStart = System.nanoTime();
        onBegin.accept(name);
    }

    /** Ends the running step, if there is one. */
    public void end() {
        if (!current.isEmpty()) {
            finished.add(new Phase(current, Duration.ofNanos(System.nanoTime() - currentStart)));
            current = "";
        }
    }

    /** The step that runs now, empty when none does. */
    public String current() {
        return current;
    }

    public List<Phase> finished() {
        return List.copyOf(finished);
    }

    public Duration sinceStart() {
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
