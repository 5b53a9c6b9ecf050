package io.mig.files.client;

import io.mig.files.sys.Linux;
import io.mig.files.wire.Limits;
import io.mig.files.wire.Op;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches the contents of one file for a {@link ContentCache}, one piece after another, beside what
 * guests ask for. Its steps run on the cache's thread.
 */
final class Fetch {
    private static final Logger LOG = LoggerFactory.getLogger(Fetch.class);
    private static final int PIECE = 512 << 10;

    private final HomeSession home;
    private final ContentCache cache;
    private final Incoming incoming;
    private final long number;
    private final Callers.Caller caller;

    private Fetch(
            HomeSession home,
            ContentCache cache,
            Incoming incoming,
            long number,
            Callers.Caller caller) {
        this.home = home;
        this.cache = cache;
        this.incoming = incoming;
        this.number = number;
        this.caller = caller;
    }

    /**
     * Begins, unless the contents are here or on their way.
     *
     * @param number nobody else's, for the open file
     */
    static void begin(
            HomeSession home,
            ContentCache cache,
            Node node,
            byte[] hash,
            long size,
            long number,
            Callers.Caller caller) {
        Incoming incoming = cache.begin(hash, size);
        if (incoming == null) {
            return;
        }
        Fetch fetch = new Fetch(home, cache, incoming, number, caller);
        home.submit(
                Op.OPEN,
                caller,
                96,
                f -> f.ref(node.ref()).u64(number).u32(Linux.O_RDONLY).u8(0),
                (status, _) -> {
                    if (status == 0) {
                        fetch.next();
                    } else {
                        fetch.end();
                    }
                });
    }

    private void next() {
        home.submit(
                Op.READ,
                caller,
                32,
                f -> f.u64(number).u64(incoming.have()).u32(Math.min(PIECE, Limits.MAX_DATA)),
                (status, in) -> {
                    ByteBuffer data = in.rest();
                    cache.execute(() -> arrived(status, data));
                });
    }

    private void arrived(int status, ByteBuffer data) {
        try {
            if (status != 0 || !data.hasRemaining()) {
                end();
                return;
            }
            incoming.add(data);
            if (incoming.complete()) {
                end();
            } else {
                next();
            }
        } catch (IOException e) {
            LOG.warn("contents cannot be kept: {}", e.getMessage());
            end();
        }
    }

    private void end() {
        home.submit(Op.RELEASE, caller, 16, f -> f.u64(number), (_, _) -> {});
        cache.execute(incoming::end);
    }
}
