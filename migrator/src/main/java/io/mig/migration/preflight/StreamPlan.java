package io.mig.migration.preflight;

import java.util.List;
import java.util.Optional;

/**
 * All streams of a move, by id. Two streams may have one key only when a pipe is carried in both
 * directions (see {@link PreflightPolicy#pipesBothWays}).
 */
public record StreamPlan(List<ExternalStream> streams) {
    public static final StreamPlan EMPTY = new StreamPlan(List.of());

    public StreamPlan {
        streams = List.copyOf(streams);
    }

    /** The controlling terminal, when the tree has it open. */
    public Optional<ExternalStream> tty() {
        return streams.stream().filter(s -> s.kind() == StreamKind.TTY).findFirst();
    }
}
