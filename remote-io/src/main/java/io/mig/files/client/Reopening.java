package io.mig.files.client;

import io.mig.files.sys.Errno;
import io.mig.files.wire.Lock;
import io.mig.files.wire.Op;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens files again at a home that has forgotten them, with the locks that were held on them. A
 * file whose lock somebody else has by now is lost: going on would break what the lock protected.
 * Thread-safe.
 */
final class Reopening {
    private static final Logger LOG = LoggerFactory.getLogger(Reopening.class);

    private final HomeSession home;
    // by handle, what waits for it; guarded by this
    private final Map<Long, List<IntConsumer>> waiting = new HashMap<>();

    Reopening(HomeSession home) {
        this.home = home;
    }

    /**
     * Opens a file again unless that is being done.
     *
     * @param then what waits for it; gets 0, or the error
     */
    void reopen(OpenHandle handle, IntConsumer then) {
        synchronized (this) {
            List<IntConsumer> others = waiting.get(handle.number());
            boolean first = others == null;
            if (others == null) {
                others = new ArrayList<>(1);
                waiting.put(handle.number(), others);
            }
            others.add(then);
            if (!first) {
                return;
            }
        }
        home.submit(
                Op.REOPEN,
                handle.opener(),
                256,
                f ->
                        f.ref(handle.node().ref())
                                .u64(handle.number())
                                .u32(handle.flags())
                                .rest(ByteBuffer.wrap(handle.grant())),
                (status, in) -> {
                    if (status == 0 && !handle.hasTooManyLocks()) {
                        lock(handle, handle.locks(), 0);
                    } else {
                        LOG.warn("an open file is lost: errno={}", status);
                        handle.lose();
                        ended(handle, status == 0 ? Errno.ENOLCK : status);
                    }
                });
    }

    private void lock(OpenHandle handle, List<Lock> steps, int next) {
        if (next == steps.size()) {
            ended(handle, 0);
            return;
        }
        Lock step = steps.get(next);
        home.submit(
                Op.SETLK,
                handle.opener(),
                64,
                f -> {
                    f.u64(handle.number());
                    step.putTo(f);
                },
                (status, in) -> {
                    if (status != 0) {
                        LOG.warn("a lock was lost while home was away: errno={}", status);
                        handle.lose();
                        ended(handle, Errno.EIO);
                    } else {
                        lock(handle, steps, next + 1);
                    }
                });
    }

    private void ended(OpenHandle handle, int error) {
        List<IntConsumer> all;
        synchronized (this) {
            all = waiting.remove(handle.number());
        }
        if (all != null) {
            all.forEach(then -> then.accept(error));
        }
    }
}
