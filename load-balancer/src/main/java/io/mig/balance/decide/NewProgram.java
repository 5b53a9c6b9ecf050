package io.mig.balance.decide;

import io.mig.balance.view.Features;
import io.mig.balance.view.ProcessView;
import io.mig.balance.view.Usage;
import io.mig.model.HomePid;
import io.mig.model.NodeId;
import java.util.Optional;

/**
 * A program that is about to be started.
 *
 * @param home where the user starts it
 * @param command name
 * @param user name
 * @param demand processors it will want; 1 unless something is known
 * @param bytes memory it will need as far as is known, else 0
 * @param needs what its file asks for (the architecture in its ELF header)
 * @param on the node that the user asks for ({@code mig run --on}); empty when free
 */
public record NewProgram(
        NodeId home,
        String command,
        String user,
        double demand,
        long bytes,
        Features needs,
        Optional<NodeId> on) {
    /** A program of which nothing is known. */
    public static NewProgram of(NodeId home, String command, String user) {
        return new NewProgram(home, command, user, 1, 0, Features.NONE, Optional.empty());
    }

    /** As if it ran at home already; work and pid are not known yet. */
    ProcessView asProcess(double expectedWork) {
        return new ProcessView(
                new HomePid(home, 1, command.hashCode() & Integer.MAX_VALUE),
                home,
                command,
                user,
                new Usage(demand, bytes, 0, 0, expectedWork),
                needs,
                0,
                0,
                java.util.List.of(),
                java.util.List.of(),
                Optional.empty(),
                on,
                java.util.OptionalLong.empty());
    }
}
