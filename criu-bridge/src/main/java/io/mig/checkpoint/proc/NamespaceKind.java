package io.mig.checkpoint.proc;

/** Kinds of namespaces (namespaces(7)) that separate a process from others. */
public enum NamespaceKind {
    MNT("mnt", "mount"),
    PID("pid", "pid"),
    NET("net", "network"),
    IPC("ipc", "IPC"),
    UTS("uts", "host name"),
    USER("user", "user"),
    TIME("time", "time"),
    CGROUP("cgroup", "cgroup");

    private final String link;
    private final String label;

    NamespaceKind(String link, String label) {
        this.link = link;
        this.label = label;
    }

    /** Name of the link in {@code /proc/PID/ns}. */
    public String link() {
        return link;
    }

    /** Word for messages. */
    public String label() {
        return label;
    }
}
