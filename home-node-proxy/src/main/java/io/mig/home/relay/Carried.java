package io.mig.home.relay;

import io.mig.model.HomePid;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How many bytes bodies that are here have exchanged with their homes elsewhere: data of pipes and
 * terminals, with what it takes to carry it. The router's thread writes, any may read.
 */
final class Carried {
    private final Map<HomePid, Long> bytes = new ConcurrentHashMap<>();

    void add(HomePid process, Frame frame) {
        bytes.merge(process, (long) frame.wireBytes(), Long::sum);
    }

    /** It is not here any more. */
    void forget(HomePid process) {
        bytes.remove(process);
    }

    long of(HomePid process) {
        return bytes.getOrDefault(process, 0L);
    }
}
