/* What /proc tells about the guests. */
#define _GNU_SOURCE
#include "capsule.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_POLLED 1024

static ssize_t read_whole(const char *path, char *buffer, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, buffer, size - 1);
    close(fd);
    if (n >= 0)
        buffer[n] = 0;
    return n;
}

/* proc(5): the command name may contain anything, so fields count from the last parenthesis. */
bool proc_read_stat(pid_t pid, struct proc_stat *stat)
{
    char path[40], text[1024], *at;
    int field;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (read_whole(path, text, sizeof text) <= 0 || (at = strrchr(text, ')')) == NULL)
        return false;
    *stat = (struct proc_stat){.pid = pid};
    if (sscanf(at + 1, " %c %d %d %d %d", &stat->state, &stat->ppid, &stat->pgrp, &stat->session, &stat->tty_nr) != 5)
        return false;
    /* exit_code is field 52, state was field 3 */
    at++;
    for (field = 3; field < 52 && at != NULL; field++)
        at = strchr(at + 1, ' ');
    stat->exit_code = at != NULL ? atoi(at) : 0;
    return true;
}

static pid_t number_of(const char *name)
{
    char *end;
    long value = strtol(name, &end, 10);

    return *end == 0 && value > 0 && value <= INT_MAX ? (pid_t)value : 0;
}

void proc_each(bool (*visit)(void *owner, const struct proc_stat *stat), void *owner)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    struct proc_stat stat;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        pid_t pid = number_of(entry->d_name);

        if (pid > 0 && proc_read_stat(pid, &stat) && !visit(owner, &stat))
            break;
    }
    closedir(dir);
}

static bool is_file(int dirfd, const char *name, dev_t dev, ino_t ino)
{
    struct stat st;

    return fstatat(dirfd, name, &st, 0) == 0 && st.st_ino == ino && (dev == 0 || st.st_dev == dev);
}

int proc_find_fd(pid_t pid, dev_t dev, ino_t ino)
{
    char path[40];
    struct dirent *entry;
    int found = -1;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    dir = opendir(path);
    if (dir == NULL)
        return -1;
    while (found < 0 && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.' && is_file(dirfd(dir), entry->d_name, dev, ino))
            found = atoi(entry->d_name);
    closedir(dir);
    return found;
}

bool proc_has_file(pid_t pid, dev_t dev, ino_t ino)
{
    return proc_find_fd(pid, dev, ino) >= 0;
}

/* ---------------------------------------------------------------- who waits for input */

struct wait {
    pid_t pid;
    dev_t dev;
    ino_t ino;
};

static bool is_wanted(const struct wait *wait, int fd)
{
    char path[48];

    snprintf(path, sizeof path, "/proc/%d/fd/%d", wait->pid, fd);
    return fd >= 0 && is_file(AT_FDCWD, path, wait->dev, wait->ino);
}

static bool peek(pid_t pid, uint64_t address, void *buffer, size_t size)
{
    struct iovec local = {buffer, size}, remote = {(void *)(uintptr_t)address, size};

    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static uint32_t wanted_by_poll(const struct wait *wait, uint64_t address, uint64_t count)
{
    struct pollfd *polls;
    uint32_t wanted = 0;

    if (count == 0 || count > MAX_POLLED)
        return 0;
    polls = mig_alloc(sizeof *polls * count);
    if (peek(wait->pid, address, polls, sizeof *polls * count))
        for (uint64_t i = 0; i < count && wanted == 0; i++)
            wanted = (polls[i].events & (POLLIN | POLLRDNORM)) != 0 && is_wanted(wait, polls[i].fd);
    free(polls);
    return wanted;
}

static uint32_t wanted_by_select(const struct wait *wait, uint64_t count, uint64_t address)
{
    fd_set set;
    int fd;

    count = count > FD_SETSIZE ? FD_SETSIZE : count;
    memset(&set, 0, sizeof set);
    /* The caller's set is only as long as it needs. */
    if (address == 0 || count == 0 || !peek(wait->pid, address, &set, (count + 63) / 64 * 8))
        return 0;
    for (fd = 0; fd < (int)count; fd++)
        if (FD_ISSET(fd, &set) && is_wanted(wait, fd))
            return 1;
    return 0;
}

static uint32_t wanted_by_epoll(const struct wait *wait, int epoll)
{
    char path[48], text[8192], *at = text;
    unsigned mask;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", wait->pid, epoll);
    if (read_whole(path, text, sizeof text) <= 0)
        return 0;
    while ((at = strstr(at, "tfd:")) != NULL) {
        if (sscanf(at, "tfd: %d events: %x", &fd, &mask) == 2 && (mask & POLLIN) != 0 && is_wanted(wait, fd))
            return 1;
        at += 4;
    }
    return 0;
}

static uint32_t bounded(uint64_t size)
{
    return size > MIG_WINDOW ? MIG_WINDOW : (uint32_t)size;
}

static uint32_t wanted_by_readv(const struct wait *wait, uint64_t address, uint64_t count)
{
    struct iovec parts[16];
    uint64_t total = 0;

    count = count > 16 ? 16 : count;
    if (count == 0 || !peek(wait->pid, address, parts, sizeof *parts * count))
        return 1;
    for (uint64_t i = 0; i < count; i++)
        total += bounded(parts[i].iov_len);
    return bounded(total);
}

/* x86-64 only, as all of mig: system call numbers and argument order are those of the ABI. */
static uint32_t wanted_by_thread(const struct wait *wait, const char *text)
{
    unsigned long long nr, a0, a1, a2, a3, a4;

    /* "running", or "-1 sp pc" when blocked outside of a system call, do not match. */
    if (sscanf(text, "%llu %llx %llx %llx %llx %llx", &nr, &a0, &a1, &a2, &a3, &a4) != 6)
        return 0;
    switch (nr) {
    case SYS_read:
    case SYS_recvfrom:
        return is_wanted(wait, (int)a0) ? bounded(a2) : 0;
    case SYS_readv:
    case SYS_preadv2:
        return is_wanted(wait, (int)a0) ? wanted_by_readv(wait, a1, a2) : 0;
    case SYS_recvmsg:
        return is_wanted(wait, (int)a0);
    case SYS_splice:
        return is_wanted(wait, (int)a0) ? bounded(a4) : 0;
    case SYS_tee:
        return is_wanted(wait, (int)a0) ? bounded(a2) : 0;
    case SYS_sendfile:
        return is_wanted(wait, (int)a1) ? bounded(a3) : 0;
    case SYS_poll:
    case SYS_ppoll:
        return wanted_by_poll(wait, a0, a1);
    case SYS_select:
    case SYS_pselect6:
        return wanted_by_select(wait, a0, a1);
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
        return wanted_by_epoll(wait, (int)a0);
    default:
        return 0;
    }
}

uint32_t proc_wanted(pid_t pid, dev_t dev, ino_t ino)
{
    struct wait wait = {pid, dev, ino};
    char path[64], text[256];
    struct dirent *entry;
    uint32_t most = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    dir = opendir(path);
    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL) {
        uint32_t wanted;
        pid_t tid = number_of(entry->d_name);

        snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", pid, tid);
        if (tid == 0 || read_whole(path, text, sizeof text) <= 0)
            continue;
        wanted = wanted_by_thread(&wait, text);
        most = wanted > most ? wanted : most;
    }
    closedir(dir);
    return most;
}
