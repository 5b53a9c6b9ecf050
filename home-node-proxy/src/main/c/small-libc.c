/*
 * As much of a C library as the deputy needs. There may be a thousand deputies on a node, each idle for hours: linked with
 * the usual static C library one has 700 KiB resident, with this 100. Declarations come from the system's headers; every
 * function here behaves as its manual page says, as far as the deputy uses it. x86-64 only, one thread only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_SIGSET 8

int main(void);

/* ---------------------------------------------------------------- system calls */

static int error_number;

int *__errno_location(void)
{
    return &error_number;
}

static long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long checked(long result)
{
    if (result < 0 && result > -4096) {
        error_number = (int)-result;
        return -1;
    }
    return result;
}

#define CALL(number, a, b, c, d, e, f) checked(raw(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define CALL0(number) CALL(number, 0, 0, 0, 0, 0, 0)
#define CALL1(number, a) CALL(number, a, 0, 0, 0, 0, 0)
#define CALL2(number, a, b) CALL(number, a, b, 0, 0, 0, 0)
#define CALL3(number, a, b, c) CALL(number, a, b, c, 0, 0, 0)
#define CALL4(number, a, b, c, d) CALL(number, a, b, c, d, 0, 0)

__asm__(".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    and $-16, %rsp\n"
        "    call start_main\n"
        "    hlt\n");

__attribute__((used, noreturn)) static void run_main(void) __asm__("start_main");
static void run_main(void)
{
    _exit(main());
}

void _exit(int status)
{
    for (;;)
        raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* ---------------------------------------------------------------- memory and strings */

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;

    if (t <= f || t >= f + n)
        return memcpy(to, from, n);
    while (n-- > 0)
        ((volatile char *)t)[n] = f[n];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a;
    const unsigned char *y = b;
    size_t i;

    for (i = 0; i < n; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

void *memchr(const void *memory, int byte, size_t n)
{
    const unsigned char *at = memory;

    for (; n > 0; n--, at++)
        if (*at == (unsigned char)byte)
            return (void *)(uintptr_t)at;
    return NULL;
}

size_t strlen(const char *s)
{
    const volatile char *at = s;

    while (*at != '\0')
        at++;
    return (size_t)(at - s);
}

char *strcpy(char *restrict to, const char *restrict from)
{
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strrchr(const char *s, int c)
{
    size_t n = strlen(s) + 1;

    while (n-- > 0)
        if (s[n] == (char)c)
            return (char *)(uintptr_t)(s + n);
    return NULL;
}

/*
 * Small pieces come from lists per power of two, cut from pages that are never given back (a deputy has few at a time);
 * large ones are mappings of their own and go back to the system at once.
 */
struct piece {
    union {
        size_t size; /* while in use: class size, or bytes of the mapping */
        struct piece *next;
    };
    size_t align;
};

#define SMALLEST 32
#define CLASSES 7 /* 32 .. 2048 */
#define LARGEST ((size_t)SMALLEST << (CLASSES - 1))
#define ARENA 8192

static struct piece *free_pieces[CLASSES];
static char *arena;
static size_t arena_left;

static void *map(size_t size)
{
    long address = CALL(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return address == -1 ? NULL : (void *)address;
}

void *malloc(size_t wanted)
{
    size_t size = SMALLEST;
    struct piece *p;
    int class = 0;

    if (wanted > SIZE_MAX / 2)
        return NULL;
    wanted += sizeof *p;
    if (wanted > LARGEST) {
        size = (wanted + 4095) & ~(size_t)4095;
        p = map(size);
        if (p == NULL)
            return NULL;
        p->size = size;
        return p + 1;
    }
    while (size < wanted) {
        size *= 2;
        class++;
    }
    p = free_pieces[class];
    if (p != NULL) {
        free_pieces[class] = p->next;
    } else {
        if (arena_left < size) {
            char *more = map(ARENA);

            if (more == NULL)
                return NULL;
            arena = more;
            arena_left = ARENA;
        }
        p = (struct piece *)(void *)arena;
        arena += size;
        arena_left -= size;
    }
    p->size = size;
    return p + 1;
}

void free(void *memory)
{
    struct piece *p = (struct piece *)memory - 1;
    size_t size;
    int class = 0;

    if (memory == NULL)
        return;
    if (p->size > LARGEST) {
        CALL2(SYS_munmap, p, p->size);
        return;
    }
    for (size = SMALLEST; size < p->size; size *= 2)
        class++;
    p->next = free_pieces[class];
    free_pieces[class] = p;
}

/* ---------------------------------------------------------------- descriptors */

ssize_t read(int fd, void *buffer, size_t n)
{
    return CALL3(SYS_read, fd, buffer, n);
}

ssize_t write(int fd, const void *buffer, size_t n)
{
    return CALL3(SYS_write, fd, buffer, n);
}

ssize_t preadv2(int fd, const struct iovec *pieces, int n, off_t offset, int flags)
{
    return CALL(SYS_preadv2, fd, pieces, n, offset, 0, flags);
}

ssize_t pwritev2(int fd, const struct iovec *pieces, int n, off_t offset, int flags)
{
    return CALL(SYS_pwritev2, fd, pieces, n, offset, 0, flags);
}

int open(const char *path, int flags, ...)
{
    return (int)CALL4(SYS_openat, AT_FDCWD, path, flags, 0);
}

int close(int fd)
{
    return (int)CALL1(SYS_close, fd);
}

int close_range(unsigned from, unsigned to, int flags)
{
    return (int)CALL3(SYS_close_range, from, to, flags);
}

int pipe2(int ends[2], int flags)
{
    return (int)CALL2(SYS_pipe2, ends, flags);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, command);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return (int)CALL3(SYS_fcntl, fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, request);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    return (int)CALL3(SYS_ioctl, fd, request, argument);
}

int isatty(int fd)
{
    char termios[64];

    return ioctl(fd, TCGETS, termios) == 0;
}

pid_t tcgetpgrp(int fd)
{
    pid_t group;

    return ioctl(fd, TIOCGPGRP, &group) == 0 ? group : -1;
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    return CALL3(SYS_readlink, path, buffer, size);
}

int fstat(int fd, struct stat *stat)
{
    return (int)CALL2(SYS_fstat, fd, stat);
}

int fstatfs(int fd, struct statfs *fs)
{
    return (int)CALL2(SYS_fstatfs, fd, fs);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return (int)CALL3(SYS_poll, fds, n, timeout);
}

int epoll_create1(int flags)
{
    return (int)CALL1(SYS_epoll_create1, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    return (int)CALL4(SYS_epoll_ctl, epoll, operation, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout)
{
    return (int)CALL4(SYS_epoll_wait, epoll, events, n, timeout);
}

int socket(int domain, int type, int protocol)
{
    return (int)CALL3(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
    return (int)CALL3(SYS_connect, fd, address, size);
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
    return CALL(SYS_sendto, fd, data, n, flags, 0, 0);
}

ssize_t recv(int fd, void *data, size_t n, int flags)
{
    return CALL(SYS_recvfrom, fd, data, n, flags, 0, 0);
}

int shutdown(int fd, int how)
{
    return (int)CALL2(SYS_shutdown, fd, how);
}

/* ---------------------------------------------------------------- processes, signals, time */

pid_t getpid(void)
{
    return (pid_t)CALL0(SYS_getpid);
}

pid_t getppid(void)
{
    return (pid_t)CALL0(SYS_getppid);
}

pid_t getpgrp(void)
{
    return (pid_t)CALL0(SYS_getpgrp);
}

pid_t fork(void)
{
    return (pid_t)CALL0(SYS_fork);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return (pid_t)CALL4(SYS_wait4, pid, status, options, 0);
}

int kill(pid_t pid, int signo)
{
    return (int)CALL2(SYS_kill, pid, signo);
}

int prctl(int option, ...)
{
    va_list arguments;
    long argument;

    va_start(arguments, option);
    argument = va_arg(arguments, long);
    va_end(arguments);
    return (int)CALL(SYS_prctl, option, argument, 0, 0, 0, 0);
}

int getrlimit(__rlimit_resource_t which, struct rlimit *limit)
{
    return (int)CALL4(SYS_prlimit64, 0, which, 0, limit);
}

int setrlimit(__rlimit_resource_t which, const struct rlimit *limit)
{
    return (int)CALL4(SYS_prlimit64, 0, which, limit, 0);
}

int setitimer(__itimer_which_t which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    return (int)CALL3(SYS_setitimer, which, value, old);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    return (int)CALL2(SYS_nanosleep, wanted, left);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    return (int)CALL2(SYS_clock_gettime, clock, now);
}

/* Only the first 64 bits of sigset_t mean something to the kernel. */
int sigemptyset(sigset_t *set)
{
    memset(set, 0, sizeof *set);
    return 0;
}

int sigfillset(sigset_t *set)
{
    memset(set, 0xff, sizeof *set);
    return 0;
}

int sigaddset(sigset_t *set, int signo)
{
    set->__val[0] |= 1UL << (signo - 1);
    return 0;
}

int sigismember(const sigset_t *set, int signo)
{
    return (int)(set->__val[0] >> (signo - 1) & 1);
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return (int)CALL4(SYS_rt_sigprocmask, how, set, old, KERNEL_SIGSET);
}

int sigpending(sigset_t *set)
{
    sigemptyset(set);
    return (int)CALL2(SYS_rt_sigpending, set, KERNEL_SIGSET);
}

int signalfd(int fd, const sigset_t *set, int flags)
{
    return (int)CALL4(SYS_signalfd4, fd, set, KERNEL_SIGSET, flags);
}

/* SIG_DFL and SIG_IGN only: handlers would need a return trampoline. */
int sigaction(int signo, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    struct {
        __sighandler_t handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } kernel_action = {.handler = action->sa_handler};

    if (old != NULL || (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)) {
        error_number = EINVAL;
        return -1;
    }
    return (int)CALL4(SYS_rt_sigaction, signo, &kernel_action, 0, KERNEL_SIGSET);
}
