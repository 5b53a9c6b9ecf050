/* Holding a process by ptrace and making it execute chosen system calls. */
#include "deputise.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_TIMEOUT_MS 5000
#define CALL_TIMEOUT_MS 10000
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define USER_32_CS 0x23

static const uint8_t syscall_instruction[] = {0x0f, 0x05};

/* ---------------------------------------------------------------- /proc */

ssize_t read_proc(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64];
    size_t have = 0;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    while (have < size && (n = read(fd, buffer + have, size - have)) > 0)
        have += (size_t)n;
    close(fd);
    return (ssize_t)have;
}

size_t load_proc(pid_t pid, const char *name, char **buffer, size_t limit)
{
    ssize_t n;

    *buffer = malloc(limit);
    n = *buffer == NULL ? 0 : read_proc(pid, name, *buffer, limit);
    return n > 0 ? (size_t)n : 0;
}

int next_kept(struct keep_list *list)
{
    while (*list->text == ',')
        list->text++;
    if (!isdigit((unsigned char)*list->text))
        return -1;
    return (int)strtol(list->text, (char **)&list->text, 10);
}

/* ---------------------------------------------------------------- waiting */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* While the first thread executes execve() the others die, and the exec waits until their tracer has seen all of them go. */
static void bury_others(struct target *t)
{
    int status;

    for (int i = 1; i < t->n_threads; i++)
        if (t->threads[i] > 0 && waitpid(t->threads[i], &status, WNOHANG | __WALL) == t->threads[i]
            && (WIFEXITED(status) || WIFSIGNALED(status)))
            t->threads[i] = 0;
}

/* Waits for the next report of one thread. false after the timeout. */
static bool next_report(struct target *t, pid_t tid, int *status, int64_t deadline, bool executing)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        struct timespec wait = {.tv_nsec = 20 * 1000 * 1000};

        if (executing)
            bury_others(t);
        if (waitpid(tid, status, WNOHANG | __WALL) == tid)
            return true;
        if (now_ms() > deadline)
            return false;
        sigtimedwait(&child, NULL, &wait);
    }
}

static bool gone(struct target *t, int status)
{
    t->dead = true;
    if (WIFSIGNALED(status))
        return refuse(t, "it was killed by signal %d meanwhile", WTERMSIG(status));
    return refuse(t, "it ended meanwhile");
}

/* ---------------------------------------------------------------- seizing */

static bool known_thread(const struct target *t, pid_t tid)
{
    for (int i = 0; i < t->n_threads; i++)
        if (t->threads[i] == tid)
            return true;
    return false;
}

static bool seize_one(struct target *t, pid_t tid)
{
    unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
    pid_t *more;

    if (ptrace(PTRACE_SEIZE, tid, 0, options | (t->seccomp ? PTRACE_O_SUSPEND_SECCOMP : 0)) != 0) {
        if (errno == ESRCH && tid != t->pid)
            return true; /* a thread that has just ended */
        if (errno == EPERM && t->seccomp)
            return refuse(t, "cannot trace thread %d and suspend its seccomp filters: %s", tid, strerror(errno));
        return refuse(t, "cannot trace thread %d: %s", tid, strerror(errno));
    }
    more = realloc(t->threads, (size_t)(t->n_threads + 1) * sizeof *more);
    if (more == NULL)
        return refuse(t, "out of memory");
    t->threads = more;
    t->threads[t->n_threads++] = tid;
    if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0)
        return refuse(t, "cannot interrupt thread %d: %s", tid, strerror(errno));
    return true;
}

static bool wait_for_stop(struct target *t, int i)
{
    pid_t tid = t->threads[i];
    int64_t deadline = now_ms() + STOP_TIMEOUT_MS;
    int status;

    for (;;) {
        if (!next_report(t, tid, &status, deadline, false))
            return refuse(t, "thread %d did not stop within %d ms: waiting for a device?", tid, STOP_TIMEOUT_MS);
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            t->threads[i] = 0;
            return tid == t->pid ? gone(t, status) : true;
        }
        if (status >> 16 == PTRACE_EVENT_STOP)
            return true;
        /* A signal was on its way: back with it into the queue of the thread; the stop follows. */
        if (ptrace(PTRACE_CONT, tid, 0, WSTOPSIG(status)) != 0)
            return refuse(t, "thread %d: %s", tid, strerror(errno));
    }
}

/* Threads may come into being until all are held; a frozen process has none of these. */
static bool seize_all(struct target *t)
{
    char path[64];
    bool found = true;

    if (!seize_one(t, t->pid))
        return false;
    snprintf(path, sizeof path, "/proc/%d/task", t->pid);
    while (found) {
        DIR *tasks = opendir(path);
        struct dirent *entry;

        found = false;
        if (tasks == NULL)
            return refuse(t, "%s: %s", path, strerror(errno));
        while ((entry = readdir(tasks)) != NULL) {
            pid_t tid = atoi(entry->d_name);

            if (tid <= 0 || known_thread(t, tid))
                continue;
            found = true;
            if (!seize_one(t, tid)) {
                closedir(tasks);
                return false;
            }
        }
        closedir(tasks);
    }
    for (int i = 0; i < t->n_threads; i++)
        if (!wait_for_stop(t, i))
            return false;
    return true;
}

bool tracee_write(struct target *t, uint64_t address, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0) {
        ssize_t n = pwrite(t->mem, at, size, (off_t)address);

        if (n <= 0)
            return false;
        at += n;
        address += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

static bool search(struct target *t, uint64_t from, uint64_t to)
{
    uint8_t page[65536];

    while (from < to && t->syscall_at == 0) {
        size_t size = to - from > sizeof page ? sizeof page : (size_t)(to - from);
        ssize_t n = pread(t->mem, page, size, (off_t)from);
        const uint8_t *at = n > 0 ? memmem(page, (size_t)n, syscall_instruction, sizeof syscall_instruction) : NULL;

        if (at != NULL)
            t->syscall_at = from + (uint64_t)(at - page);
        if (n <= 0)
            return false;
        from += (uint64_t)n;
    }
    return t->syscall_at != 0;
}

/* The vDSO has one in its fallbacks. Without a vDSO any private executable page gets one: it is not needed for anything else. */
static bool find_syscall(struct target *t)
{
    char path[64], line[600], access[5];
    uint64_t from, to, spare = 0;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/maps", t->pid);
    maps = fopen(path, "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3 || access[2] != 'x')
            continue;
        if (strstr(line, "[vdso]") != NULL)
            search(t, from, to);
        else if (spare == 0 && access[3] == 'p' && strstr(line, "[vsyscall]") == NULL)
            spare = from;
    }
    if (maps != NULL)
        fclose(maps);
    if (t->syscall_at == 0 && spare != 0 && tracee_write(t, spare, syscall_instruction, sizeof syscall_instruction))
        t->syscall_at = spare;
    return t->syscall_at != 0 || refuse(t, "no executable page of its memory can hold a system call");
}

bool tracee_seize(struct target *t)
{
    char path[64];

    if (!seize_all(t))
        return false;
    if (ptrace(PTRACE_GETREGS, t->pid, 0, &t->regs) != 0
        || ptrace(PTRACE_GETSIGMASK, t->pid, sizeof t->mask, &t->mask) != 0)
        return refuse(t, "cannot read its registers: %s", strerror(errno));
    if (t->regs.cs == USER_32_CS)
        return refuse(t, "it runs 32-bit code; only x86-64 programs can be replaced");
    snprintf(path, sizeof path, "/proc/%d/mem", t->pid);
    t->mem = open(path, O_RDWR | O_CLOEXEC);
    if (t->mem < 0)
        return refuse(t, "cannot open its memory: %s", strerror(errno));
    return true;
}

bool tracee_block_signals(struct target *t)
{
    uint64_t all = ~0UL;

    if (ptrace(PTRACE_SETSIGMASK, t->pid, sizeof all, &all) != 0)
        return refuse(t, "cannot block its signals: %s", strerror(errno));
    return find_syscall(t);
}

bool tracee_kill_on_exit(struct target *t)
{
    unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

    for (int i = 0; i < t->n_threads; i++)
        if (t->threads[i] > 0
            && ptrace(PTRACE_SETOPTIONS, t->threads[i], 0, options | (t->seccomp ? PTRACE_O_SUSPEND_SECCOMP : 0)) != 0)
            return refuse(t, "thread %d: %s", t->threads[i], strerror(errno));
    return true;
}

void tracee_release(struct target *t)
{
    if (t->mem >= 0)
        close(t->mem);
    t->mem = -1;
    if (!t->replaced && !t->dead && t->n_threads > 0) {
        /* Of no use for an original, but it shall be found as it was. */
        ptrace(PTRACE_SETSIGMASK, t->pid, sizeof t->mask, &t->mask);
        ptrace(PTRACE_SETREGS, t->pid, 0, &t->regs);
    }
    for (int i = 0; i < t->n_threads; i++)
        if (t->threads[i] > 0)
            ptrace(PTRACE_DETACH, t->threads[i], 0, 0);
    t->n_threads = 0;
}

/* ---------------------------------------------------------------- injection */

/* Runs until the next system call stop or the exec event. */
static bool run_to_call(struct target *t)
{
    int64_t deadline = now_ms() + CALL_TIMEOUT_MS;
    int signal = 0, status;

    for (;;) {
        if (ptrace(PTRACE_SYSCALL, t->pid, 0, signal) != 0 && errno != ESRCH)
            return refuse(t, "cannot resume it: %s", strerror(errno));
        if (!next_report(t, t->pid, &status, deadline, true))
            return refuse(t, "it did not finish a system call within %d ms", CALL_TIMEOUT_MS);
        if (WIFEXITED(status) || WIFSIGNALED(status))
            return gone(t, status);
        signal = 0;
        if (status >> 16 == PTRACE_EVENT_EXEC) {
            t->replaced = true;
            return true;
        }
        if (WSTOPSIG(status) == SYSCALL_STOP)
            return true;
        /*
         * Stopped (by Ctrl-Z, say) or about to be: a traced process runs on nevertheless when told so, and stays "stopped"
         * for its parent; it really stops again when it is released. All other signals are blocked.
         */
        if (status >> 16 != PTRACE_EVENT_STOP)
            signal = WSTOPSIG(status);
        if (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGTRAP)
            return refuse(t, "its injected system call met signal %d", signal);
    }
}

bool inject(struct target *t, long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, long *result)
{
    struct user_regs_struct regs = t->regs;

    regs.rip = t->syscall_at;
    regs.rax = (uint64_t)number;
    regs.orig_rax = ~0UL; /* whatever call it was in is not to be restarted */
    regs.rdi = a;
    regs.rsi = b;
    regs.rdx = c;
    regs.r10 = d;
    regs.r8 = e;
    regs.r9 = f;
    *result = -EIO;
    if (ptrace(PTRACE_SETREGS, t->pid, 0, &regs) != 0)
        return refuse(t, "cannot set its registers: %s", strerror(errno));
    if (!run_to_call(t) || !run_to_call(t))
        return false;
    if (number == SYS_execve && t->replaced) {
        *result = 0;
        return true;
    }
    if (ptrace(PTRACE_GETREGS, t->pid, 0, &regs) != 0)
        return refuse(t, "cannot read its registers: %s", strerror(errno));
    *result = (long)regs.rax;
    return true;
}

/* The largest private writable mapping: its content is of no use any more. For processes that may not map more (RLIMIT_AS). */
static bool existing_memory(struct target *t, size_t size, uint64_t *address)
{
    char path[64], line[600], access[5];
    uint64_t from, to;
    bool found = false;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/maps", t->pid);
    maps = fopen(path, "re");
    while (maps != NULL && !found && fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3 || strncmp(access, "rw-p", 4) != 0)
            continue;
        if (to - from >= size) {
            *address = from;
            found = true;
        }
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

bool tracee_memory(struct target *t, size_t size, uint64_t *address)
{
    long result;

    size = (size + 4095) & ~(size_t)4095;
    if (!inject(t, SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0UL, 0, &result))
        return false;
    if (result < 0 && result > -4096) {
        if (existing_memory(t, size, address))
            return true;
        return refuse(t, "no memory for its new arguments: %s", strerror((int)-result));
    }
    *address = (uint64_t)result;
    return true;
}

void tracee_set_comm(struct target *t)
{
    struct user_regs_struct fresh;
    uint8_t saved[2];
    uint64_t name;
    long result;
    char path[64];

    /* The memory behind the old descriptor is that of the old program. */
    close(t->mem);
    snprintf(path, sizeof path, "/proc/%d/mem", t->pid);
    t->mem = open(path, O_RDWR | O_CLOEXEC);
    /* From the exec event to the end of execve(): the registers are those of the first instruction then. */
    if (t->mem < 0 || !run_to_call(t) || ptrace(PTRACE_GETREGS, t->pid, 0, &fresh) != 0)
        return;
    name = (fresh.rsp - 256) & ~(uint64_t)15;
    if (pread(t->mem, saved, sizeof saved, (off_t)fresh.rip) != (ssize_t)sizeof saved
        || !tracee_write(t, name, t->comm, sizeof t->comm))
        return;
    if (tracee_write(t, fresh.rip, syscall_instruction, sizeof syscall_instruction)) {
        t->regs = fresh;
        t->syscall_at = fresh.rip;
        inject(t, SYS_prctl, PR_SET_NAME, name, 0, 0, 0, 0, &result);
        tracee_write(t, fresh.rip, saved, sizeof saved);
    }
    ptrace(PTRACE_SETREGS, t->pid, 0, &fresh);
}
