package io.mig.ctl.doctor;

import static io.mig.ctl.doctor.Finding.degraded;
import static io.mig.ctl.doctor.Finding.fine;

import io.mig.ctl.render.ClockWords;
import io.mig.json.JsonArray;
import io.mig.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What the agent of this node, if one runs, sees of the others. */
final class ClusterChecks {
    private final Supplier<Optional<JsonArray>> nodes;

    /**
     * @param nodes rows of {@code mig nodes}; empty when no agent answers
     */
    ClusterChecks(Supplier<Optional<JsonArray>> nodes) {
        this.nodes = nodes;
    }

    /** Nothing on a machine without an agent, or in a cluster of one. */
    List<Finding> all() {
        List<JsonObject> others =
                nodes.get().map(JsonArray::objects).orElse(List.of()).stream()
                        .filter(row -> row.integer("clockAheadMillis").isPresent())
                        .toList();
        List<Finding> findings = new ArrayList<>();
        for (JsonObject row : others) {
            ClockWords.apart(row)
                    .ifPresent(apart -> findings.add(clock(row.string("node", "?"), apart)));
        }
        if (findings.isEmpty() && others.size() > 1) {
            findings.add(fine("clocks of nodes", "the same on all " + others.size()));
        }
        return findings;
    }

    private static Finding clock(String node, String apart) {
        return degraded(
                        "clock of " + node,
                        apart,
                        "comparing times of both nodes in lists and logs; certificates that one has"
                                + " just made; moves do not mind")
                .curedBy(
                        "let both follow a time server: apt-get install chrony (here, and on "
                                + node
                                + ")");
    }
}
