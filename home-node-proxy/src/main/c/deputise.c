/*
 * mig-deputise: makes frozen processes execute the deputy program in place of themselves.
 *
 * The body of such a process already runs elsewhere, so not one instruction of the original may run again: every thread is
 * brought into a ptrace stop while the cgroup still holds it, all signals are blocked, only then does the process leave the
 * frozen cgroup, and what it executes from there on are system calls chosen here, the last of them execve(). Should this
 * program be killed in the middle, the kernel kills the process rather than let it go (PTRACE_O_EXITKILL).
 *
 * References: ptrace(2), Documentation/admin-guide/cgroup-v2.rst (cgroup.freeze), signal delivery in kernel/signal.c.
 */
#include "deputise.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "only x86-64: registers and system call numbers are its own"
#endif

static void usage(void)
{
    fputs("usage: mig-deputise --stub PATH [--verify] [--thaw FREEZE_FILE] [--cgroup PROCS_FILE] --pid PID [--keep FD,FD,...] ...\n"
          "  --cgroup  applies to the --pid options after it: where the process goes once it is held, its own unfrozen cgroup\n"
          "  --thaw    cgroup.freeze file that gets a 0 once all processes are held\n"
          "  --keep    descriptors the deputy needs, of the --pid before it; all others are closed\n"
          "  --verify  only say whether it would work\n"
          "       mig-deputise --stub PATH --pid DEPUTY --fd FD --unread HEX\n"
          "  --unread  put these bytes into the input of the deputy's terminal, where users may not (legacy_tiocsti=0)\n",
          stderr);
    exit(2);
}

bool refuse(struct target *t, const char *format, ...)
{
    va_list arguments;

    if (t->error[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(t->error, sizeof t->error, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---------------------------------------------------------------- what the process is */

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Also one of an older version, whose file was replaced since: it has state that must not be lost. */
static bool is_deputy(const struct target *t, const char *stub, const struct stat *stub_stat)
{
    char path[64], name[4200];
    size_t len = strlen(stub);
    struct stat exe;
    ssize_t n;

    snprintf(path, sizeof path, "/proc/%d/exe", t->pid);
    if (stat(path, &exe) == 0 && same_file(&exe, stub_stat))
        return true;
    n = readlink(path, name, sizeof name - 1);
    if (n < (ssize_t)len)
        return false;
    name[n] = '\0';
    return strncmp(name, stub, len) == 0 && (name[len] == '\0' || strcmp(name + len, " (deleted)") == 0);
}

/* The value of a line of /proc/PID/status as a number; -1 when there is none. */
static long status_number(const char *status, const char *key)
{
    const char *line = strstr(status, key);

    return line == NULL ? -1 : strtol(line + strlen(key), NULL, 10);
}

static bool check(struct target *t, const char *stub, const struct stat *stub_stat)
{
    char path[4200], status[8192], *state;
    unsigned char ident[EI_NIDENT] = {0};
    struct stat seen;
    ssize_t n;
    int fd;

    n = read_proc(t->pid, "status", status, sizeof status - 1);
    if (n < 0)
        return refuse(t, "no such process");
    status[n] = '\0';
    state = strstr(status, "\nState:\t");
    if (state != NULL && (state[8] == 'Z' || state[8] == 'X'))
        return refuse(t, status_number(status, "\nThreads:\t") > 1 ? "its first thread has ended, the others cannot be replaced"
                                                                   : "it has ended already");
    if (status_number(status, "\nTgid:\t") != t->pid)
        return refuse(t, "it is a thread of process %ld", status_number(status, "\nTgid:\t"));
    if (status_number(status, "\nTracerPid:\t") > 0)
        return refuse(t, "process %ld traces it", status_number(status, "\nTracerPid:\t"));
    if (status_number(status, "\nSeccomp:\t") == 1)
        return refuse(t, "it is in strict seccomp mode, which allows no deputy");
    t->seccomp = status_number(status, "\nSeccomp:\t") == 2;
    snprintf(path, sizeof path, "/proc/%d/exe", t->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(t, "it has no program (%s): a kernel thread?", strerror(errno));
    n = read(fd, ident, sizeof ident);
    close(fd);
    if (n == (ssize_t)sizeof ident && memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] != ELFCLASS64)
        return refuse(t, "it is a 32-bit program; only x86-64 programs can be replaced");
    snprintf(path, sizeof path, "/proc/%d/root%s", t->pid, stub);
    if (stat(path, &seen) != 0 || !same_file(&seen, stub_stat))
        return refuse(t, "it does not see %s in its file tree", stub);
    return true;
}

/* ---------------------------------------------------------------- cgroups */

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    int error = errno;

    if (fd >= 0)
        close(fd);
    errno = error;
    return good;
}

/* The cgroup.procs file of the cgroup v2 the process is in now, to be able to put it back. */
static void remember_cgroup(struct target *t)
{
    char text[8192], mount[512], type[64], *line, *end;
    ssize_t n = read_proc(t->pid, "cgroup", text, sizeof text - 1);
    FILE *mounts;

    t->came_from[0] = '\0';
    if (n <= 0)
        return;
    text[n] = '\0';
    line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    mounts = fopen("/proc/self/mounts", "re");
    if (line != NULL && mounts != NULL) {
        line = strstr(line, "0::") + 3;
        end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        while (fscanf(mounts, "%*s %511s %63s %*[^\n]", mount, type) == 2) {
            if (strcmp(type, "cgroup2") == 0) {
                snprintf(t->came_from, sizeof t->came_from, "%s%s/cgroup.procs", mount, line);
                break;
            }
        }
    }
    if (mounts != NULL)
        fclose(mounts);
}

/* Is the cgroup of this cgroup.procs file frozen, by itself or from above? */
static bool is_frozen(const char *procs)
{
    char path[4200], text[256];
    const char *slash = strrchr(procs, '/');
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "%.*s/cgroup.events", slash != NULL ? (int)(slash - procs) : 0, procs);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false; /* the root has no such file and cannot be frozen */
    n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return strstr(text, "frozen 1") != NULL;
}

static bool leave_frozen_cgroup(struct target *t)
{
    char pid[16];

    if (t->cgroup == NULL)
        return true;
    snprintf(pid, sizeof pid, "%d", t->pid);
    if (!write_file(t->cgroup, pid))
        return refuse(t, "cannot move it to %s: %s", t->cgroup, strerror(errno));
    t->moved = true;
    return !is_frozen(t->cgroup) || refuse(t, "the cgroup of %s is frozen too", t->cgroup);
}

/* After a failure: back into the ice, where it is harmless, to be tried again. */
static void give_up(struct target *t)
{
    char pid[16];

    if (t->dead)
        return;
    snprintf(pid, sizeof pid, "%d", t->pid);
    if (t->moved && (t->came_from[0] == '\0' || !write_file(t->came_from, pid))) {
        refuse(t, "failed");
        snprintf(t->error + strlen(t->error), sizeof t->error - strlen(t->error), "; killed, it could not be frozen again");
        kill(t->pid, SIGKILL);
        return;
    }
    tracee_release(t);
}

/* ---------------------------------------------------------------- the new program */

struct blob {
    size_t size, argv, envp;
    uint8_t *bytes;
};

/*
 * Path, argv and envp as they will lie at `base` in the process. The strings come from /proc: the deputy shall look the same
 * in ps. More than `limit` bytes of a list are cut off.
 */
static struct blob build_blob(const struct target *t, const char *stub, uint64_t base, size_t argv_limit, size_t env_limit)
{
    char *lists[2] = {t->cmdline, t->environ};
    size_t sizes[2] = {t->cmdline_size < argv_limit ? t->cmdline_size : argv_limit,
                       t->environ_size < env_limit ? t->environ_size : env_limit};
    size_t strings = strlen(stub) + 1 + sizes[0] + sizes[1] + 2, count = 4, at, slot;
    struct blob blob = {0};

    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < sizes[l]; i++)
            count += lists[l][i] == '\0';
    count += 2;
    blob.argv = (strings + 15) & ~(size_t)15;
    blob.size = blob.argv + count * 8;
    blob.bytes = calloc(1, blob.size);
    if (blob.bytes == NULL)
        return blob;
    strcpy((char *)blob.bytes, stub);
    at = strlen(stub) + 1;
    slot = blob.argv;
    for (int l = 0; l < 2; l++) {
        size_t start = at;

        if (l == 1)
            blob.envp = slot;
        memcpy(blob.bytes + at, lists[l], sizes[l]);
        at += sizes[l] + 1; /* ends with at least one zero byte, also when cut off */
        for (size_t i = start; i < start + sizes[l]; i += strlen((char *)blob.bytes + i) + 1) {
            uint64_t pointer = base + i;

            memcpy(blob.bytes + slot, &pointer, 8);
            slot += 8;
        }
        if (l == 0 && sizes[0] == 0) {
            uint64_t empty = base + start;

            memcpy(blob.bytes + slot, &empty, 8);
            slot += 8;
        }
        slot += 8; /* NULL */
    }
    return blob;
}

static bool keep_descriptors(struct target *t)
{
    struct keep_list list = {.text = t->keep};
    long result;
    int fd;

    /* The table may be shared with a process that stays (CLONE_FILES): the flags below are for ours only. */
    if (!inject(t, SYS_unshare, CLONE_FILES, 0, 0, 0, 0, 0, &result) || result != 0)
        return refuse(t, "cannot give it a descriptor table of its own: %s", strerror((int)-result));
    if (!inject(t, SYS_close_range, 0, ~0U, CLOSE_RANGE_CLOEXEC, 0, 0, 0, &result) || result != 0)
        return refuse(t, "cannot mark its descriptors (close_range): %s", strerror((int)-result));
    while ((fd = next_kept(&list)) >= 0)
        if (!inject(t, SYS_fcntl, (uint64_t)fd, F_SETFD, 0, 0, 0, 0, &result) || result != 0)
            return refuse(t, "cannot keep its descriptor %d: %s", fd, strerror((int)-result));
    return true;
}

static bool exec_stub(struct target *t, const char *stub)
{
    /* The kernel bounds arguments by the stack limit; what does not fit is left out step by step. */
    static const size_t limits[][2] = {{131072, 65536}, {131072, 0}, {4096, 0}};
    struct blob largest = build_blob(t, stub, 0, limits[0][0], limits[0][1]);
    long result = -E2BIG;
    uint64_t base;

    free(largest.bytes);
    if (!tracee_memory(t, largest.size, &base))
        return false;
    for (unsigned i = 0; i < 3 && result == -E2BIG; i++) {
        struct blob blob = build_blob(t, stub, base, limits[i][0], limits[i][1]);
        bool good = blob.bytes != NULL && tracee_write(t, base, blob.bytes, blob.size);

        free(blob.bytes);
        if (!good)
            return refuse(t, "cannot write into its memory: %s", strerror(errno));
        if (!inject(t, SYS_execve, base, base + blob.argv, base + blob.envp, 0, 0, 0, &result))
            return false;
    }
    if (!t->replaced)
        return refuse(t, "execve of %s: %s", stub, strerror((int)-result));
    return true;
}

/* What the original could afford may be too little for another program to start. The hard limits stay. */
static void relax_limits(struct target *t)
{
    static const enum __rlimit_resource memory[] = {RLIMIT_AS, RLIMIT_DATA};
    struct rlimit limit;

    for (int i = 0; i < 2; i++) {
        if (prlimit(t->pid, memory[i], NULL, &limit) == 0 && limit.rlim_cur != limit.rlim_max) {
            limit.rlim_cur = limit.rlim_max;
            prlimit(t->pid, memory[i], &limit, NULL);
        }
    }
}

static bool replace(struct target *t, const char *stub)
{
    relax_limits(t);
    if (!keep_descriptors(t) || !exec_stub(t, stub))
        return false;
    tracee_set_comm(t);
    tracee_release(t);
    return true;
}

/* ---------------------------------------------------------------- all of them */

static void load_strings(struct target *t)
{
    ssize_t n = read_proc(t->pid, "comm", t->comm, sizeof t->comm - 1);

    t->comm[n > 0 ? n - 1 : 0] = '\0'; /* without the newline */
    t->cmdline_size = load_proc(t->pid, "cmdline", &t->cmdline, 131072);
    t->environ_size = load_proc(t->pid, "environ", &t->environ, 131072);
}

static bool hold(struct target *t, bool verify)
{
    if (verify) {
        bool good;

        if (!t->seccomp)
            return true;
        /* The filters can only be read while the process is held. */
        good = tracee_seize(t) && seccomp_allows(t);
        tracee_release(t);
        return good;
    }
    load_strings(t);
    remember_cgroup(t);
    if (!tracee_seize(t) || (t->seccomp && !seccomp_allows(t)) || !tracee_block_signals(t)) {
        tracee_release(t);
        return false;
    }
    return true;
}

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {{"stub", 1, NULL, 's'}, {"cgroup", 1, NULL, 'c'}, {"pid", 1, NULL, 'p'},
                                          {"keep", 1, NULL, 'k'}, {"thaw", 1, NULL, 't'},   {"verify", 0, NULL, 'v'},
                                          {"unread", 1, NULL, 'u'}, {"fd", 1, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
    const char *cgroup = NULL;
    char *end;
    int c;

    o->targets = calloc((size_t)argc, sizeof *o->targets);
    if (o->targets == NULL)
        usage();
    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 's') {
            o->stub = optarg;
        } else if (c == 'c') {
            cgroup = optarg;
        } else if (c == 't') {
            o->thaw = optarg;
        } else if (c == 'u') {
            o->unread = optarg;
        } else if (c == 'f') {
            o->fd = atoi(optarg);
        } else if (c == 'v') {
            o->verify = true;
        } else if (c == 'p') {
            long pid = strtol(optarg, &end, 10);

            if (*end != '\0' || pid <= 1 || pid > INT32_MAX)
                usage();
            o->targets[o->count++] = (struct target){.pid = (pid_t)pid, .cgroup = cgroup, .keep = ""};
        } else if (c == 'k' && o->count > 0) {
            o->targets[o->count - 1].keep = optarg;
        } else {
            usage();
        }
    }
    if (o->stub == NULL || o->stub[0] != '/' || o->count == 0 || optind != argc)
        usage();
}

static void report(const struct target *t)
{
    if (t->error[0] == '\0')
        printf("%d ok\n", t->pid);
    else
        printf("%d error %s\n", t->pid, t->error);
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct stat stub;
    sigset_t all;
    int failed = 0;

    parse(argc, argv, &o);
    if (stat(o.stub, &stub) != 0) {
        fprintf(stderr, "mig-deputise: stub %s: %s\n", o.stub, strerror(errno));
        return 2;
    }
    if (o.unread != NULL) {
        if (o.count != 1)
            usage();
        if (!is_deputy(&o.targets[0], o.stub, &stub))
            refuse(&o.targets[0], "it is no deputy");
        else
            type_for_deputy(&o.targets[0], o.fd, o.unread);
        report(&o.targets[0]);
        return o.targets[0].error[0] != '\0';
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < o.count; i++) {
        struct target *t = &o.targets[i];

        t->mem = -1;
        if (!o.verify && is_deputy(t, o.stub, &stub))
            t->replaced = true;
        else
            t->held = check(t, o.stub, &stub) && hold(t, o.verify);
    }
    if (!o.verify) {
        for (int i = 0; i < o.count; i++)
            if (o.targets[i].held && !tracee_kill_on_exit(&o.targets[i]))
                give_up(&o.targets[i]), o.targets[i].held = false;
        if (o.thaw != NULL && !write_file(o.thaw, "0"))
            fprintf(stderr, "mig-deputise: cannot thaw by %s: %s\n", o.thaw, strerror(errno));
        for (int i = 0; i < o.count; i++) {
            struct target *t = &o.targets[i];

            if (t->held && (!leave_frozen_cgroup(t) || !replace(t, o.stub)))
                give_up(t);
        }
    }
    for (int i = 0; i < o.count; i++) {
        report(&o.targets[i]);
        failed |= o.targets[i].error[0] != '\0';
    }
    return failed;
}
