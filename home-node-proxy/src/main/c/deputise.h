/*
 * Internals of mig-deputise: deputise.c decides, deputise-ptrace.c holds and drives a process, deputise-seccomp.c reads filters,
 * deputise-unread.c types for deputies that may not.
 */
#ifndef MIG_DEPUTISE_H
#define MIG_DEPUTISE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>

struct target {
    pid_t pid;
    const char *cgroup; /* cgroup.procs to go to; NULL: stays where it is */
    const char *keep;   /* comma separated descriptors */
    char came_from[1024];
    char comm[32];
    char *cmdline, *environ;
    size_t cmdline_size, environ_size;
    bool seccomp, held, moved, replaced, dead;
    pid_t *threads; /* seized, the leader first */
    int n_threads;
    int mem; /* /proc/PID/mem */
    uint64_t syscall_at; /* address of a syscall instruction */
    struct user_regs_struct regs; /* of the leader when it was stopped */
    uint64_t mask;                /* its blocked signals */
    char error[512];
};

struct options {
    const char *stub, *thaw, *unread;
    int fd;
    bool verify;
    struct target *targets;
    int count;
};

/* Notes the reason (only the first one counts) and returns false. */
bool refuse(struct target *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads a file of /proc/PID in one go; -1 with errno. */
ssize_t read_proc(pid_t pid, const char *name, char *buffer, size_t size);
/* The same into new memory of at most `limit` bytes; returns the size, 0 when there is nothing. */
size_t load_proc(pid_t pid, const char *name, char **buffer, size_t limit);

struct keep_list {
    const char *text;
};
/* The next descriptor, -1 at the end. */
int next_kept(struct keep_list *list);

/* Brings every thread into a ptrace stop and finds what injection needs. Does not depend on the process being thawed. */
bool tracee_seize(struct target *t);
bool tracee_block_signals(struct target *t);
/* From here on the end of this program is the end of the process. */
bool tracee_kill_on_exit(struct target *t);
/* Lets go of all threads that are still held. An original must be frozen by then; its signal mask is as it was. */
void tracee_release(struct target *t);
/* Executes one system call in the first thread. false: it died or does not answer. Sets replaced after an exec. */
bool inject(struct target *t, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, long *result);
bool tracee_memory(struct target *t, size_t size, uint64_t *address);
bool tracee_write(struct target *t, uint64_t address, const void *data, size_t size);
/* Gives the fresh deputy the name of the original; a wrong name until the agent tells it is the worst that can happen. */
void tracee_set_comm(struct target *t);

/* Do the process's seccomp filters let a deputy live? Evaluates them for every system call that a deputy makes. */
bool seccomp_allows(struct target *t);

/* Puts the bytes (hexadecimal) into the input of the terminal that the deputy has open as fd, if that is its own. */
bool type_for_deputy(struct target *t, int fd, const char *hex);

#endif
