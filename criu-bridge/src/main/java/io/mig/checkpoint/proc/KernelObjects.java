package io.mig.checkpoint.proc;

import java.util.Map;
import java.util.Set;

/**
 * Questions about kernel objects that {@code /proc} does not answer: are two of them the same, and
 * who is at the other end.
 *
 * <p>Implementations answer {@code false} when a process or descriptor is gone, and throw when the
 * kernel or the caller's rights do not allow to ask at all: sharing that cannot be seen must not
 * pass for "not shared".
 */
public interface KernelObjects {
    /** Do both descriptors lead to the same open file description (kcmp(2), KCMP_FILE)? */
    boolean sameFile(int pid1, int fd1, int pid2, int fd2);

    /** Do both processes run in the same memory (KCMP_VM), as between vfork and exec? */
    boolean sameMemory(int pid1, int pid2);

    /** Do both processes have one descriptor table (KCMP_FILES)? */
    boolean sameFdTable(int pid1, int pid2);

    /**
     * Inode of the other end of connected unix sockets (sock_diag(7)).
     *
     * @param pid a process in the network namespace of the sockets
     * @return peers that are known; a socket without one is missing
     */
    Map<Long, Long> unixPeers(int pid, Set<Long> inodes);
}
