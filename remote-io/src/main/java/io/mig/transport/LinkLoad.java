package io.mig.transport;

/**
 * How the connection to a peer does.
 *
 * @param waitingBytes handed over and not yet taken by the network
 * @param bytesPerSecond what the network took while something waited; 0 when nothing has waited
 *     long enough to tell
 */
public record LinkLoad(long waitingBytes, double bytesPerSecond) {
    public static final LinkLoad IDLE = new LinkLoad(0, 0);
}
