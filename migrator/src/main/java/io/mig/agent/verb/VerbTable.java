package io.mig.agent.verb;

import io.mig.agent.control.ControlVerb;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.fault.Faults;
import io.mig.home.AwayTable;
import io.mig.home.journal.Journal;
import io.mig.load.LoadSampler;
import io.mig.migration.Calls;
import io.mig.migration.source.MoveDesk;
import io.mig.migration.target.Guests;
import io.mig.migration.target.HomeTrees;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerNetwork;
import io.mig.wire.proto.LookupRequest;
import java.time.Clock;
import java.util.Map;

/** All verbs of the control socket by name. */
public final class VerbTable {
    private final Calls calls;
    private final ProcessFinder finder;
    private final MoveVerbs moves;
    private final ListVerbs lists;

    public VerbTable(
            Calls calls,
            PeerNetwork network,
            PeerFacts facts,
            Journal journal,
            AwayTable away,
            Guests guests,
            HomeTrees trees,
            MoveDesk desk,
            ProcessFinder finder,
            LoadSampler load,
            ProcFs proc,
            ManagedHere managed,
            Faults faults,
            Clock wall) {
        this.calls = calls;
        this.finder = finder;
        this.moves = new MoveVerbs(calls, network, journal, desk, finder);
        this.lists =
                new ListVerbs(
                        calls, network, facts, journal, away, guests, trees, finder, load, proc,
                        managed, wall);
    }

    /** Serves the other agents' side of the verbs. */
    public void register() {
        moves.register();
        lists.register();
        calls.serve(LookupRequest.class, (from, request) -> finder.lookup(request));
    }

    public Map<String, ControlVerb> verbs() {
        return Map.of(
                "migrate", moves::migrate,
                "home", moves::home,
                "can", moves::can,
                "ps", lists::ps,
                "nodes", lists::nodes,
                "inspect", lists::inspect,
                "log", lists::log,
                "status", lists::status,
                "fault-list", lists::faultList);
    }
}
