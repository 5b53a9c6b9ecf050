package io.mig.home.relay;

/**
 * Counters since the router was started.
 *
 * @param relayed frames passed on
 * @param stale frames dropped because their epoch, sender or route is not the current one
 * @param homeless frames dropped because the endpoint or the peer was not there (links ask for them
 *     again)
 */
public record RelayStats(long relayed, long stale, long homeless) {}
