/* Stand-ins: processes that have a number and a place in the tree, and what they do when init orders it. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t fork_as(pid_t wanted, bool sibling)
{
    /* A sibling gets the exit signal of its maker; the kernel refuses another one beside CLONE_PARENT. */
    struct clone_args args = {.flags = sibling ? CLONE_PARENT : 0, .exit_signal = sibling ? 0 : SIGCHLD};

    if (wanted > 0) {
        args.set_tid = (uint64_t)(uintptr_t)&wanted;
        args.set_tid_size = 1;
    }
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int standin_fetch(int init_fd, bool in_init)
{
    int fd, parked, pidfd;

    if (in_init)
        return fcntl(init_fd, F_DUPFD_CLOEXEC, PARKING);
    pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    if (pidfd < 0)
        return -1;
    fd = (int)syscall(SYS_pidfd_getfd, pidfd, init_fd, 0);
    close(pidfd);
    if (fd < 0)
        return -1;
    parked = fcntl(fd, F_DUPFD_CLOEXEC, PARKING);
    close(fd);
    return parked;
}

int standin_open_slave(int index, int flags)
{
    char path[32];

    snprintf(path, sizeof path, "/dev/pts/%d", index);
    return open(path, O_RDWR | O_CLOEXEC | flags);
}

void reap(void (*told)(void *owner, const struct report *report), void *owner)
{
    struct rusage usage;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage)) > 0) {
        struct report report = {
            .pid = pid,
            .status = status,
            .utime_us = (uint64_t)usage.ru_utime.tv_sec * 1000000 + (uint64_t)usage.ru_utime.tv_usec,
            .stime_us = (uint64_t)usage.ru_stime.tv_sec * 1000000 + (uint64_t)usage.ru_stime.tv_usec,
            .maxrss_kb = (uint64_t)usage.ru_maxrss,
        };

        told(owner, &report);
    }
}

static void send_report(void *owner, const struct report *report)
{
    while (send(*(int *)owner, report, sizeof *report, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

/* ---------------------------------------------------------------- the life of a stand-in */

static void serve(int control, int report_fd, int tty)
{
    struct pollfd polls[2] = {{.fd = control, .events = POLLIN}, {.events = POLLIN}};
    struct order *order = malloc(sizeof *order);
    sigset_t all, child;

    /* Blocked, not ignored: a stop signal of the terminal, SIGTTOU of tcsetpgrp() and a hang-up all leave us alone. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    polls[1].fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (order == NULL || polls[1].fd < 0)
        _exit(1);
    for (;;) {
        struct signalfd_siginfo info;

        if (poll(polls, 2, -1) < 0 && errno != EINTR)
            _exit(1);
        if (polls[1].revents != 0) {
            while (read(polls[1].fd, &info, sizeof info) > 0)
                continue;
            reap(send_report, &report_fd);
        }
        if (polls[0].revents != 0) {
            ssize_t n = recv(control, order, sizeof *order, MSG_DONTWAIT);
            int32_t result;

            if (n == 0)
                _exit(0); /* init is gone, and so shall we be any moment */
            if (n != (ssize_t)sizeof *order)
                continue;
            if (order->what == ORDER_FOREGROUND)
                result = tcsetpgrp(tty, order->group) == 0 ? 0 : -errno;
            else
                result = order_carry_out(order, report_fd, false);
            send(control, &result, sizeof result, MSG_NOSIGNAL);
        }
    }
}

static void enter_group(const struct order *order)
{
    if (order->flags & ORDER_NEW_SESSION)
        setsid();
    else if (order->group != 0)
        setpgid(0, order->group == getpid() || order->group == ORDER_OWN_GROUP ? 0 : order->group);
}

/* Descriptors of a stand-in. */
enum { CONTROL = 3, REPORT = 4, OUTCOME = 5, TERMINAL = 6 };

static int become_standin(const struct order *order, int report_fd, int outcome_fd, bool in_init)
{
    int control = standin_fetch(order->control_fd, in_init);
    int report = fcntl(report_fd, F_DUPFD_CLOEXEC, PARKING);
    int outcome = fcntl(outcome_fd, F_DUPFD_CLOEXEC, PARKING);
    int tty;

    if (control < 0 || report < 0 || outcome < 0)
        return errno;
    if (dup3(control, CONTROL, O_CLOEXEC) < 0 || dup3(report, REPORT, O_CLOEXEC) < 0
        || dup3(outcome, OUTCOME, O_CLOEXEC) < 0)
        return errno;
    close_range(OUTCOME + 1, RUNDIR_FD - 1, 0);
    close_range(CGROUP_FD + 1, ~0u, 0);
    enter_group(order);
    if (order->tty_index >= 0) {
        tty = standin_open_slave(order->tty_index, O_NOCTTY);
        if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) != 0 || (tty != TERMINAL && dup3(tty, TERMINAL, O_CLOEXEC) < 0))
            return errno;
        if (tty != TERMINAL)
            close(tty);
    }
    prctl(PR_SET_NAME, "mig-standin");
    if (chdir("/") != 0)
        return errno;
    return 0;
}

static int become_criu(const struct order *order, bool in_init)
{
    int parked[MAX_STREAMS], unused;
    uint32_t i;

    enter_group(order);
    for (i = 0; i < order->fd_count; i++) {
        parked[i] = standin_fetch(order->fds[i].from, in_init);
        if (parked[i] < 0)
            return errno;
    }
    /* Everything below the parking place goes, except stdio and, close-on-exec, the way to tell of a failure. */
    close_range(3, PARKING - 1, CLOSE_RANGE_CLOEXEC);
    if (order->flags & ORDER_LOADER)
        for (int fd = RUNDIR_FD; fd <= CGROUP_FD; fd++)
            if (fcntl(fd, F_SETFD, 0) != 0)
                return errno;
    for (i = 0; i < order->fd_count; i++)
        if (dup2(parked[i], order->fds[i].to) < 0)
            return errno;
    close_range(PARKING, ~0u, CLOSE_RANGE_CLOEXEC);
    if (order->tty_index >= 0) {
        /* An open file of its own: the body's flags are not ours. */
        unused = standin_open_slave(order->tty_index, O_NOCTTY);
        if (unused < 0 || dup2(unused, 0) < 0)
            return errno;
    }
    if (stdio_null(order->tty_index >= 0) != 0 || chdir(order->directory) != 0)
        return errno;
    signals_reset();
    swrk_resemble(order->resembled);
    return swrk_exec(order->socket, order->token, order->exe, order->flags & ORDER_HOLD, order->flags & ORDER_LOADER);
}

/* Of criu nothing is heard when all goes well: its end of the pipe closes with the exec. */
static void tell(int fd, int error)
{
    if (write(fd, &error, sizeof error) < 0)
        _exit(126);
}

int order_carry_out(const struct order *order, int report_fd, bool in_init)
{
    int outcome[2], error = 0;
    pid_t pid;

    if (order->fd_count > MAX_STREAMS || pipe2(outcome, O_CLOEXEC) != 0)
        return order->fd_count > MAX_STREAMS ? -EINVAL : -errno;
    pid = fork_as(order->pid, order->flags & ORDER_SIBLING);
    if (pid == 0) {
        if (order->what == ORDER_CRIU) {
            int how = fcntl(outcome[1], F_DUPFD_CLOEXEC, PARKING + MAX_STREAMS);

            tell(how, become_criu(order, in_init));
            _exit(127);
        }
        if (order->what == ORDER_BIRTH) {
            int how = fcntl(outcome[1], F_DUPFD_CLOEXEC, PARKING + MAX_STREAMS);

            enter_group(order);
            tell(how, birth_become(order, in_init, how));
            _exit(127);
        }
        error = become_standin(order, report_fd, outcome[1], in_init);
        tell(error == 0 ? OUTCOME : outcome[1], error);
        if (error != 0)
            _exit(127);
        close(OUTCOME);
        serve(CONTROL, REPORT, order->tty_index >= 0 ? TERMINAL : -1);
    }
    error = pid < 0 ? errno : 0;
    close(outcome[1]);
    if (pid > 0) {
        ssize_t n;

        while ((n = read(outcome[0], &error, sizeof error)) < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof error)
            error = order->what == ORDER_CRIU && n == 0 ? 0 : ECHILD;
    }
    close(outcome[0]);
    return error != 0 ? -error : (int)pid;
}
