package io.mig.files.serve;

import io.mig.files.sys.Errno;
import io.mig.files.sys.Linux;
import io.mig.files.sys.SysCall;
import io.mig.files.sys.SysException;
import io.mig.files.wire.BadFrameException;
import io.mig.files.wire.Lock;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Locks, held at home by home's kernel: flock(2) on the open file itself, fcntl(2) as locks of an
 * open file description that stands for the owner. Never blocks: {@link LockWaiters} tries again.
 */
final class LockOperations {
    private LockOperations() {}

    /**
     * Tries once; EAGAIN when somebody else has it. A lock that was got is answered with the
     * attributes: what others wrote under it must be seen by whoever has it now.
     */
    static void set(Call call, long handle, Lock lock) throws SysException, BadFrameException {
        Transfer.on(
                call,
                handle,
                file -> {
                    if (lock.whole()) {
                        flock(call, file, lock);
                    } else {
                        range(call, handle, file, lock);
                    }
                    if (lock.type() != Linux.F_UNLCK) {
                        call.out.attr(call.nodes.attr(call.worker, file.fd(), true));
                    }
                });
    }

    private static void flock(Call call, OpenFile file, Lock lock) throws SysException {
        int how =
                switch (lock.type()) {
                    case Linux.F_RDLCK -> Linux.LOCK_SH;
                    case Linux.F_WRLCK -> Linux.LOCK_EX;
                    default -> Linux.LOCK_UN;
                };
        call.check(call.sys.call(SysCall.FLOCK, file.fd(), how | Linux.LOCK_NB));
    }

    private static void range(Call call, long handle, OpenFile file, Lock lock)
            throws SysException {
        int mode = file.flags() & Linux.O_ACCMODE;
        if ((lock.type() == Linux.F_WRLCK && mode == Linux.O_RDONLY)
                || (lock.type() == Linux.F_RDLCK && mode == Linux.O_WRONLY)) {
            throw new SysException(Errno.EBADF);
        }
        int fd = call.session.locks().find(file.node(), lock.owner());
        if (fd < 0) {
            if (lock.type() == Linux.F_UNLCK) {
                return;
            }
            fd =
                    call.session
                            .locks()
                            .add(
                                    call.sys,
                                    file.node(),
                                    lock.owner(),
                                    description(call, file),
                                    handle);
        }
        call.check(call.sys.call(SysCall.FCNTL, fd, Linux.F_OFD_SETLK, structure(call, lock)));
    }

    static void get(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        Lock lock = Lock.from(call.in);
        Transfer.on(
                call,
                handle,
                file -> {
                    int owned = call.session.locks().find(file.node(), lock.owner());
                    int fd = owned >= 0 ? owned : description(call, file);
                    try {
                        call.check(
                                call.sys.call(
                                        SysCall.FCNTL,
                                        fd,
                                        Linux.F_OFD_GETLK,
                                        structure(call, lock)));
                        MemorySegment s = call.sys.scratch();
                        int type = s.get(ValueLayout.JAVA_SHORT, 0);
                        long start = s.get(ValueLayout.JAVA_LONG, 8);
                        long length = s.get(ValueLayout.JAVA_LONG, 16);
                        // the holder's pid is one of home or of a guest elsewhere: meaningless here
                        new Lock(
                                        lock.owner(),
                                        start,
                                        length == 0 ? Long.MAX_VALUE : start + length - 1,
                                        type,
                                        0,
                                        false,
                                        false)
                                .putTo(call.out);
                    } finally {
                        if (owned < 0) {
                            call.sys.closeFd(fd);
                        }
                    }
                });
    }

    /** A description of its own for an owner, able to hold both kinds of locks if possible. */
    private static int description(Call call, OpenFile file) throws SysException {
        call.worker.asAgent();
        try {
            return call.worker.reopen(file.fd(), Linux.O_RDWR);
        } catch (SysException e) {
            return call.worker.reopen(file.fd(), file.flags() & Linux.O_ACCMODE);
        }
    }

    /** struct flock of 64-bit Linux. */
    private static long structure(Call call, Lock lock) {
        MemorySegment s = call.sys.scratch();
        s.set(ValueLayout.JAVA_SHORT, 0, (short) lock.type());
        s.set(ValueLayout.JAVA_SHORT, 2, (short) 0);
        s.set(ValueLayout.JAVA_INT, 4, 0);
        s.set(ValueLayout.JAVA_LONG, 8, lock.start());
        s.set(
                ValueLayout.JAVA_LONG,
                16,
                lock.end() == Long.MAX_VALUE ? 0 : lock.end() - lock.start() + 1);
        s.set(ValueLayout.JAVA_LONG, 24, 0);
        return s.address();
    }

    /** An owner closed the file: all its locks on it are over, as POSIX wants it. */
    static void flush(Call call) throws SysException, BadFrameException {
        long handle = call.in.u64();
        long owner = call.in.u64();
        Transfer.on(call, handle, file -> call.session.locks().drop(call.sys, file.node(), owner));
    }
}
