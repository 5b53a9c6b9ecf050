package io.mig.transport.netty;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says which incoming connections were turned away and why: once per host and reason, then again
 * only after a pause in which nothing came, so that a scanner or a wrongly set up node cannot fill
 * the disk. Thread-safe.
 */
final class RefusalLog {
    private static final Logger LOG = LoggerFactory.getLogger(NettyPeerNetwork.class);
    private static final Duration QUIET = Duration.ofMinutes(5);
    private static final int MAX_REMEMBERED = 1024;

    private final InstantSource clock;
    // guarded by this
    private final Map<String, Instant> lastSeen = new HashMap<>();

    RefusalLog(InstantSource clock) {
        this.clock = clock;
    }

    void refused(@Nullable SocketAddress from, String why) {
        String host =
                from instanceof InetSocketAddress inet
                        ? inet.getAddress().getHostAddress()
                        : String.valueOf(from);
        if (isNews(host + " " + why)) {
            LOG.warn("connection refused: address={} reason={}", host, why);
        }
    }

    private synchronized boolean isNews(String key) {
        Instant now = clock.instant();
        if (lastSeen.size() >= MAX_REMEMBERED) {
            lastSeen.values().removeIf(seen -> seen.plus(QUIET).isBefore(now));
            if (lastSeen.size() >= MAX_REMEMBERED) {
                lastSeen.clear();
            }
        }
        Instant before = lastSeen.put(key, now);
        return before == null || before.plus(QUIET).isBefore(now);
    }
}
