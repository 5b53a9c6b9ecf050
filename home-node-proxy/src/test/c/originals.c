/*
 * Programs to be replaced, chosen by the first argument; every one prints "on" when it is ready.
 *   count FILE THREADS   threads that add to counters in a shared mapping without a break
 *   leaderless           the first thread ends, another one lives
 *   filter allow|forbid  a seccomp filter; forbid: no sockets
 *   strict               strict seccomp mode
 *   blocked              threads in many kinds of blocking system calls
 *   small                an address space limit that allows no new mapping
 *   noexec FD            descriptor FD has close-on-exec set
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long *counters;

static void ready(void)
{
    if (write(1, "on\n", 3) != 3)
        exit(1);
}

static void *count(void *which)
{
    volatile unsigned long *counter = &counters[(long)which * 64];

    for (;;)
        (*counter)++;
}

static void *wait_somehow(void *how)
{
    int word = 0, ends[2], epoll = epoll_create1(0);
    struct timespec long_time = {.tv_sec = 1000};
    sigset_t none;
    char byte;

    if (pipe(ends) != 0)
        exit(1);
    sigemptyset(&none);
    switch ((long)how) {
    case 0:
        (void)!read(ends[0], &byte, 1);
        break;
    case 1:
        nanosleep(&long_time, NULL);
        break;
    case 2:
        poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, -1);
        break;
    case 3:
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
        break;
    case 4:
        epoll_wait(epoll, &(struct epoll_event){0}, 1, -1);
        break;
    case 5:
        ppoll(NULL, 0, &long_time, &none);
        break;
    case 6:
        sigsuspend(&none);
        break;
    case 7:
        clock_nanosleep(CLOCK_MONOTONIC, 0, &long_time, NULL);
        break;
    case 8:
        select(0, NULL, NULL, NULL, NULL);
        break;
    }
    if (write(1, "RAN ON\n", 7) != 7)
        exit(1);
    return NULL;
}

static void start(void *(*what)(void *), long n)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, what, (void *)n) != 0)
        exit(1);
}

static void filter(int forbid)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbid ? SYS_socket : SYS_ptrace, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog prog = {.len = sizeof program / sizeof program[0], .filter = program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) != 0)
        exit(1);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    struct rlimit limit;
    long i;

    if (strcmp(what, "count") == 0 && argc > 3) {
        int fd = open(argv[2], O_RDWR | O_CREAT, 0600);

        if (ftruncate(fd, 65536) != 0)
            return 1;
        counters = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        for (i = 1; i < atoi(argv[3]); i++)
            start(count, i);
        ready();
        count(NULL);
    } else if (strcmp(what, "leaderless") == 0) {
        start(wait_somehow, 1);
        ready();
        pthread_exit(NULL);
    } else if (strcmp(what, "filter") == 0 && argc > 2) {
        filter(strcmp(argv[2], "forbid") == 0);
        start(wait_somehow, 1);
    } else if (strcmp(what, "strict") == 0) {
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
        ready();
        for (;;)
            if (read(0, &i, 1) <= 0)
                syscall(SYS_exit, 0);
    } else if (strcmp(what, "blocked") == 0) {
        for (i = 0; i < 9; i++)
            start(wait_somehow, i);
        usleep(100000);
        ready();
        wait_somehow((void *)(argc > 2 ? atol(argv[2]) : 0L));
    } else if (strcmp(what, "small") == 0) {
        char *fill = malloc(1 << 20);

        memset(fill, 1, 1 << 20);
        getrlimit(RLIMIT_AS, &limit);
        limit.rlim_cur = 1 << 20;
        setrlimit(RLIMIT_AS, &limit);
    } else if (strcmp(what, "noexec") == 0 && argc > 2) {
        fcntl(atoi(argv[2]), F_SETFD, FD_CLOEXEC);
    }
    ready();
    for (;;)
        pause();
}
