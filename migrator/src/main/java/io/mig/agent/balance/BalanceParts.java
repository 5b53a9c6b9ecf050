package io.mig.agent.balance;

import io.mig.balance.policy.PolicyInForce;
import io.mig.checkpoint.proc.ProcFs;
import io.mig.fault.Pretence;
import io.mig.home.AwayTable;
import io.mig.load.CpuLimit;
import io.mig.load.LoadSampler;
import io.mig.migration.Calls;
import io.mig.migration.Courtesy;
import io.mig.migration.source.MoveDesk;
import io.mig.migration.target.Guests;
import io.mig.migration.target.HomeTrees;
import io.mig.migration.target.StateRoom;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import io.mig.transport.PeerNetwork;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What a balancer works with.
 *
 * @param procRoot {@code /proc}
 * @param relayed bytes that pipes and terminals of a guest have carried since it came; any thread
 * @param limit share of the machine that this node may use
 * @param signer makes policies for the whole cluster, where the authority's key is
 * @param desk starts programs elsewhere
 * @param courtesy what guests do for the owner of this node before they leave
 * @param arch of this node, as agents tell each other
 * @param images where arriving images go
 * @param state folder that survives a boot
 * @param sign the file that tells programs whether to ask where to begin
 * @param room whether there is space in the agent's state directory
 * @param wall the time of day
 * @param pretence what this agent pretends, in tests
 * @param policyFile this node's policy
 */
public record BalanceParts(
        NodeId self,
        Calls calls,
        PeerNetwork network,
        ProcFs proc,
        Path procRoot,
        AwayTable away,
        Guests guests,
        HomeTrees trees,
        ToLongFunction<HomePid> relayed,
        LoadSampler load,
        Optional<CpuLimit> limit,
        PolicyInForce policy,
        Optional<PolicySigner> signer,
        MoveDesk desk,
        Courtesy courtesy,
        String arch,
        Path images,
        Path state,
        Path sign,
        StateRoom room,
        java.time.Clock wall,
        Pretence pretence,
        Path policyFile,
        int maxGuests,
        long memoryReserveBytes) {}
