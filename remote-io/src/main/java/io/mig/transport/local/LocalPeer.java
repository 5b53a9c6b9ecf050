package io.mig.transport.local;

/** Who is at the other end of a Unix socket, by SO_PEERCRED at connection time (unix(7)). */
public record LocalPeer(int pid, int uid, int gid) {}
