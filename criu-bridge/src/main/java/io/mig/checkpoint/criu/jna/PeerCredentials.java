package io.mig.checkpoint.criu.jna;

/**
 * SO_PEERCRED of a connected socket: the connecting process as our own namespaces see it
 * (socket(7)).
 */
public record PeerCredentials(int pid, int uid, int gid) {}
