package io.mig.balance.decide;

import io.mig.balance.view.ProcessView;
import java.util.Optional;

/**
 * A node asks another one to take a process.
 *
 * @param process as its present host sees it; for a new program, as its home sees it
 * @param reason of the move; empty for a new program
 * @param speedHere speed it has now, or would have at home: the target takes it by choice only if
 *     it really offers more
 */
public record ArrivalRequest(ProcessView process, Optional<Reason> reason, double speedHere) {}
