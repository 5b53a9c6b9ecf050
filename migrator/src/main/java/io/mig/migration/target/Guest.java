package io.mig.migration.target;

import io.mig.model.Epoch;
import io.mig.model.HomePid;
import io.mig.model.MoveId;

/** A body that lives here: its capsule and what is recorded of it. Immutable; thread-safe. */
public record Guest(GuestRecord record, Capsule capsule) {
    public HomePid process() {
        return record.process();
    }

    public Epoch epoch() {
        return record.epoch();
    }

    public MoveId move() {
        return record.move();
    }

    Guest withLinks(java.util.List<Integer> links) {
        return new Guest(record.withLinks(links), capsule);
    }

    Guest with(GuestRecord.State state) {
        return new Guest(record.with(state), capsule);
    }
}
