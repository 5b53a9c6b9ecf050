package io.mig.checkpoint.criu.jna;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * The C library, under C's own names. Every call returns what C returns; the classes around it look
 * at errno with {@link Native#getLastError()} directly after the call, on the same thread.
 */
interface LibC extends Library {
    LibC C = Native.load("c", LibC.class);

    int AF_UNIX = 1;
    int SOCK_SEQPACKET = 5;
    int SOCK_CLOEXEC = 0x80000;
    int SOCK_NONBLOCK = 0x800;
    int SOL_SOCKET = 1;
    int SO_PEERCRED = 17;
    int SO_PEERPIDFD = 77;
    int MSG_TRUNC = 0x20;
    int MSG_DONTWAIT = 0x40;
    int MSG_NOSIGNAL = 0x4000;
    int SHUT_RDWR = 2;

    short POLLIN = 1;
    short POLLOUT = 4;
    short POLLERR = 8;
    short POLLHUP = 16;
    short POLLNVAL = 32;

    int socket(int domain, int type, int protocol);

    int bind(int fd, Pointer address, int length);

    int connect(int fd, Pointer address, int length);

    int listen(int fd, int backlog);

    int accept4(int fd, @Nullable Pointer address, @Nullable Pointer length, int flags);

    NativeLong recv(int fd, Pointer buffer, NativeLong length, int flags);

    NativeLong send(int fd, byte[] buffer, NativeLong length, int flags);

    int getsockopt(int fd, int level, int option, Pointer value, Pointer length);

    int shutdown(int fd, int how);

    int poll(Pointer fds, NativeLong count, int timeoutMillis);

    int close(int fd);

    int kill(int pid, int signal);

    int setpriority(int which, int who, int nice);

    int mount(
            @Nullable String source,
            String target,
            @Nullable String type,
            NativeLong flags,
            @Nullable String options);

    int umount2(String target, int flags);

    int statfs(String path, Pointer result);

    NativeLong syscall(NativeLong number, Object... arguments);
}
