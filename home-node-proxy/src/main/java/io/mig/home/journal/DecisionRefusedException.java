package io.mig.home.journal;

import io.mig.model.ErrorCode;
import io.mig.model.MigException;
import io.mig.model.MoveId;

/**
 * The journal has decided otherwise already, or the move does not fit the record of its process;
 * carries what is recorded.
 */
public final class DecisionRefusedException extends MigException {
    private static final long serialVersionUID = 1;

    private final MoveId move;
    private final Decision recorded;

    DecisionRefusedException(MoveId move, Decision recorded, String message) {
        super(ErrorCode.STALE, false, message);
        this.move = move;
        this.recorded = recorded;
    }

    public MoveId move() {
        return move;
    }

    /** What holds for this move; {@link Decision#UNKNOWN} when it was never begun. */
    public Decision recorded() {
        return recorded;
    }
}
