package io.mig.migration.target;

import io.mig.migration.Calls;
import io.mig.model.NodeId;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the homes of this host's guests again and again which of them it holds. A word that was
 * lost when an agent went down ("it has ended", "it was given up") is made good by the next beat.
 */
public final class InventoryBeat implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InventoryBeat.class);

    private final TargetDesk target;
    private final Calls calls;
    private final String bootId;
    private final ScheduledExecutorService executor;

    public InventoryBeat(TargetDesk target, Calls calls, String bootId) {
        this.target = target;
        this.calls = calls;
        this.bootId = bootId;
        this.executor =
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("inventory-beat").factory());
    }

    public void start(Duration period) {
        executor.scheduleWithFixedDelay(
                this::beat, period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void beat() {
        try {
            Set<NodeId> homes =
                    target.all().stream()
                            .map(guest -> guest.process().home())
                            .collect(Collectors.toSet());
            for (NodeId home : homes) {
                calls.tell(home, target.inventory(home, bootId));
            }
        } catch (RuntimeException e) {
            LOG.warn("guests could not be announced: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
