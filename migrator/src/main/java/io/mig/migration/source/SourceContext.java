package io.mig.migration.source;

import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.criu.CriuLauncher;
import io.mig.checkpoint.criu.CriuServer;
import io.mig.fault.Faults;
import io.mig.migration.Calls;
import io.mig.migration.Courtesy;
import io.mig.migration.ProgramsCgroup;
import io.mig.migration.home.DeputyWorks;
import io.mig.migration.home.HomeDesk;
import io.mig.migration.preflight.AgentFacts;
import io.mig.migration.preflight.PreflightPolicy;
import io.mig.migration.preflight.SourceFactsReader;
import io.mig.migration.target.TargetDesk;
import io.mig.transport.PeerNetwork;
import java.util.function.Supplier;

/** Everything of the agent that the source side works with. */
public record SourceContext(
        SourceConfig config,
        Calls calls,
        PeerNetwork network,
        HomeDesk home,
        DeputyWorks deputies,
        TargetDesk target,
        Faults faults,
        Freezer freezer,
        ProgramsCgroup programs,
        Courtesy courtesy,
        CriuServer criuServer,
        CriuLauncher criuLauncher,
        SourceFactsReader reader,
        Supplier<AgentFacts> agent,
        PreflightPolicy policy) {}
