package io.mig.checkpoint.proc;

/** Families of sockets that {@code /proc/net} lists. */
public enum SocketFamily {
    TCP("tcp", "TCP"),
    TCP6("tcp6", "TCP"),
    UDP("udp", "UDP"),
    UDP6("udp6", "UDP"),
    UDPLITE("udplite", "UDP-Lite"),
    UDPLITE6("udplite6", "UDP-Lite"),
    ICMP("icmp", "ICMP"),
    ICMP6("icmp6", "ICMP"),
    RAW("raw", "raw IP"),
    RAW6("raw6", "raw IP"),
    NETLINK("netlink", "netlink"),
    PACKET("packet", "packet"),
    UNIX("unix", "unix"),
    /** In none of the tables: another family, or neither bound nor connected yet. */
    OTHER("", "unlisted");

    private final String table;
    private final String label;

    SocketFamily(String table, String label) {
        this.table = table;
        this.label = label;
    }

    /** File below {@code /proc/PID/net}; empty for OTHER. */
    String table() {
        return table;
    }

    /** Word for messages. */
    public String label() {
        return label;
    }

    /** Lines of the form {@code sl local_address rem_address st ... inode}. */
    boolean inet() {
        return switch (this) {
            case TCP, TCP6, UDP, UDP6, UDPLITE, UDPLITE6, ICMP, ICMP6, RAW, RAW6 -> true;
            case NETLINK, PACKET, UNIX, OTHER -> false;
        };
    }
}
