package io.mig.checkpoint.proc;

/**
 * A descriptor of a process outside the tree that leads to something the tree has open, too.
 *
 * @param flags flags of open(2)
 */
public record Holder(int pid, String comm, int fd, int flags) {
    public AccessMode access() {
        return AccessMode.of(flags);
    }

    /** For messages: {@code pid 12 (bash)}. */
    public String describe() {
        return "pid " + pid + " (" + comm + ")";
    }
}
