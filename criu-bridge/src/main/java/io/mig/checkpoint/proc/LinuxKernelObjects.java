package io.mig.checkpoint.proc;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.Kcmp;
import io.mig.checkpoint.criu.jna.Errno;
import io.mig.checkpoint.criu.jna.ErrnoException;
import io.mig.checkpoint.criu.jna.UnixDiag;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The kernel itself, by kcmp(2) and sock_diag(7). Stateless; usable by any thread. */
public final class LinuxKernelObjects implements KernelObjects {
    private static final Logger LOG = LoggerFactory.getLogger(LinuxKernelObjects.class);

    @Override
    public boolean sameFile(int pid1, int fd1, int pid2, int fd2) {
        return Kcmp.sameFile(pid1, fd1, pid2, fd2) == Kcmp.Answer.SAME;
    }

    @Override
    public boolean sameMemory(int pid1, int pid2) {
        return unlessForbidden(() -> Kcmp.sameMemory(pid1, pid2));
    }

    @Override
    public boolean sameFdTable(int pid1, int pid2) {
        return unlessForbidden(() -> Kcmp.sameFileTable(pid1, pid2));
    }

    /**
     * A process with more rights than root has here (pid 1 of a machine that confines us) may not
     * be looked into. It is no program that has just called vfork or clone for a user's process.
     */
    private static boolean unlessForbidden(Supplier<Kcmp.Answer> question) {
        try {
            return question.get() == Kcmp.Answer.SAME;
        } catch (CheckpointException e) {
            if (e.errno() == Errno.EPERM) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public Map<Long, Long> unixPeers(int pid, Set<Long> inodes) {
        Map<Long, Long> peers = new HashMap<>();
        try {
            UnixDiag.peers(pid)
                    .forEach(
                            (ino, peer) -> {
                                if (inodes.contains(ino)) {
                                    peers.put(ino, peer);
                                }
                            });
        } catch (ErrnoException e) {
            // Without the answer every peer counts as outside: a refusal, never a broken
            // connection.
            LOG.warn("peers of unix sockets are not known, pid={}", pid, e);
        }
        return peers;
    }
}
