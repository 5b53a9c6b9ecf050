package io.mig.agent.verb;

import io.mig.json.JsonObject;
import io.mig.load.DirtyRate;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the balancer of this node knows that lists show. Any thread. */
public interface ManagedHere {
    /** They as they were found at the last look, a second ago at most; asks nobody. */
    List<AtHome> managedAtHome();

    /** What was measured a second ago of each managed process that is here; asks nobody. */
    Map<HomePid, Figures> figures();

    /** Other nodes that this one has reason to doubt, with the reason; asks nobody. */
    Map<NodeId, String> doubts();

    /**
     * A managed process at its home.
     *
     * @param moving whether it is on its way to another node
     */
    record AtHome(HomePid process, int uid, String command, boolean moving) {}

    /**
     * What only the balancer measures.
     *
     * @param dirty how fast it writes to its memory; empty: not known
     * @param homePerSecond bytes of files of its home; of one at home all that it reads and writes
     * @param relayedPerSecond bytes through pipes and terminals of its home while it is away
     */
    record Figures(Optional<DirtyRate> dirty, double homePerSecond, double relayedPerSecond) {
        /** Of what nobody has measured. */
        public static final Figures NONE = new Figures(Optional.empty(), 0, 0);

        /** Adds what is known, to a row of one among many: nothing of who does nothing. */
        public JsonObject.Builder put(JsonObject.Builder row) {
            dirty.filter(rate -> rate.method() != DirtyRate.Method.RESTS)
                    .ifPresent(
                            rate ->
                                    row.put("dirtyBytesPerSecond", Math.rint(rate.bytesPerSecond()))
                                            .put("dirtyKnownBy", rate.method().words()));
            if (homePerSecond >= 1) {
                row.put("homeBytesPerSecond", Math.rint(homePerSecond));
            }
            if (relayedPerSecond >= 1) {
                row.put("relayedBytesPerSecond", Math.rint(relayedPerSecond));
            }
            return row;
        }

        /** All that is known. */
        public JsonObject json() {
            JsonObject.Builder all =
                    put(
                            JsonObject.builder()
                                    .put("dirtyKnownBy", "not measured")
                                    .put("homeBytesPerSecond", 0)
                                    .put("relayedBytesPerSecond", 0));
            dirty.filter(rate -> rate.method() == DirtyRate.Method.RESTS)
                    .ifPresent(
                            rate ->
                                    all.put("dirtyBytesPerSecond", 0)
                                            .put("dirtyKnownBy", rate.method().words()));
            return all.build();
        }
    }
}
