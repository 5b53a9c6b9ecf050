package io.mig.checkpoint.proc;

/** Descriptor {@code fd} of process {@code pid}. */
public record FdRef(int pid, int fd) implements Comparable<FdRef> {
    @Override
    public int compareTo(FdRef o) {
        return pid != o.pid ? Integer.compare(pid, o.pid) : Integer.compare(fd, o.fd);
    }
}
