/*
 * A program that starts here instead of at its home: what restoring would bring is set up by hand in a new process, which then
 * executes the program. Everything that can fail is done before the agent hears that it is ready.
 *
 * The description is a list of `key=value`, each ended by NUL (no value can hold one):
 *   exe, cwd            paths as the program's home knows them
 *   uid, gid            REAL,EFFECTIVE,SAVED        groups   NUMBER,...
 *   umask, nice, oom    numbers                     ignore, block   masks of signals, hexadecimal
 *   limit               RESOURCE,SOFT,HARD          as setrlimit(2) takes them, 18446744073709551615: none
 *   stream              KEY,STREAM,FLAGS            an open file that a stream stands in for
 *   file                KEY,FLAGS,POSITION,PATH     an open file that is opened anew
 *   fd                  NUMBER,KEY                  a descriptor of one of those
 *   arg, env            in their order
 */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_KEYS 256
#define MAX_GROUPS 1024

struct description {
    char *text;
    size_t len;
};

struct opened {
    int fd[MAX_KEYS]; /* by key, at or above PARKING; -1: none */
};

/* The next value of this key after `at` (NULL: the first one); NULL when there is none. */
static char *next_value(const struct description *d, const char *key, const char *at)
{
    size_t len = strlen(key);
    char *p = at == NULL ? d->text : (char *)at + strlen(at) + 1;

    for (; p < d->text + d->len; p += strlen(p) + 1)
        if (strncmp(p, key, len) == 0 && p[len] == '=')
            return p + len + 1;
    return NULL;
}

/* Numbers with commas between them; how many there were. *rest: what follows the last one. */
static int numbers(const char *text, int base, uint64_t *into, int most, const char **rest)
{
    int count = 0;
    char *end;

    while (count < most && *text != 0) {
        into[count] = strtoull(text, &end, base);
        if (end == text)
            break;
        count++;
        text = *end == ',' ? end + 1 : end;
        if (*end != ',')
            break;
    }
    if (rest != NULL)
        *rest = text;
    return count;
}

static uint64_t number(const struct description *d, const char *key, int base, uint64_t otherwise)
{
    const char *text = next_value(d, key, NULL);
    uint64_t value;

    return text != NULL && numbers(text, base, &value, 1, NULL) == 1 ? value : otherwise;
}

static int read_description(int fd, struct description *d)
{
    off_t len = lseek(fd, 0, SEEK_END);

    if (len <= 0 || len > MAX_BIRTH)
        return EINVAL;
    d->text = mmap(NULL, (size_t)len + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    d->len = (size_t)len;
    if (d->text == MAP_FAILED)
        return errno;
    return d->text[len - 1] == 0 ? 0 : EINVAL;
}

static int park(int fd)
{
    int parked = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARKING);

    if (fd >= 0)
        close(fd);
    return parked;
}

/* The stand-ins of this program's streams. Terminals are opened while we may: at home somebody did it for the user as well. */
static int fetch_streams(const struct description *d, const struct order *order, bool in_init, struct opened *opened)
{
    uint64_t v[3];

    for (const char *s = next_value(d, "stream", NULL); s != NULL; s = next_value(d, "stream", s)) {
        int fd = -1;

        if (numbers(s, 10, v, 3, NULL) != 3 || v[0] >= MAX_KEYS)
            return EINVAL;
        for (uint32_t i = 0; i < order->fd_count && fd < 0; i++)
            if ((uint64_t)order->fds[i].to == v[1])
                fd = standin_fetch(order->fds[i].from, in_init);
        if (fd < 0 && order->tty_index >= 0)
            fd = park(standin_open_slave(order->tty_index, O_NOCTTY | ((int)v[2] & (O_NONBLOCK | O_APPEND))));
        if (fd < 0)
            return errno != 0 ? errno : ENXIO;
        opened->fd[v[0]] = fd;
    }
    return 0;
}

static int open_files(const struct description *d, struct opened *opened)
{
    uint64_t v[3];

    for (const char *s = next_value(d, "file", NULL); s != NULL; s = next_value(d, "file", s)) {
        const char *path;
        int fd;

        if (numbers(s, 10, v, 3, &path) != 3 || v[0] >= MAX_KEYS || path[0] != '/')
            return EINVAL;
        fd = park(open(path, (int)v[1] & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), 0));
        if (fd < 0)
            return errno;
        if (v[2] != 0 && lseek(fd, (off_t)v[2], SEEK_SET) != (off_t)v[2])
            return errno != 0 ? errno : ESPIPE;
        opened->fd[v[0]] = fd;
    }
    return 0;
}

static int set_limits(const struct description *d)
{
    uint64_t v[3];
    struct rlimit old;

    for (const char *s = next_value(d, "limit", NULL); s != NULL; s = next_value(d, "limit", s)) {
        if (numbers(s, 10, v, 3, NULL) != 3)
            return EINVAL;
        struct rlimit limit = {.rlim_cur = v[1], .rlim_max = v[2]};

        if (getrlimit((int)v[0], &old) == 0 && old.rlim_cur == limit.rlim_cur && old.rlim_max == limit.rlim_max)
            continue;
        if (setrlimit((int)v[0], &limit) != 0)
            return errno;
    }
    return 0;
}

static int write_own(const char *path, uint64_t value)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%" PRId64, (int64_t)value), fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;
    int error = good ? 0 : errno;

    if (fd >= 0)
        close(fd);
    return error;
}

static int set_identity(const struct description *d)
{
    const char *uid = next_value(d, "uid", NULL), *gid = next_value(d, "gid", NULL), *groups = next_value(d, "groups", NULL);
    static uint64_t list[MAX_GROUPS];
    static gid_t gids[MAX_GROUPS];
    uint64_t u[3], g[3];
    int count = groups != NULL ? numbers(groups, 10, list, MAX_GROUPS, NULL) : 0;

    if (uid == NULL || gid == NULL || numbers(uid, 10, u, 3, NULL) != 3 || numbers(gid, 10, g, 3, NULL) != 3)
        return EINVAL;
    for (int i = 0; i < count; i++)
        gids[i] = (gid_t)list[i];
    if (setgroups((size_t)count, gids) != 0 || setresgid((gid_t)g[0], (gid_t)g[1], (gid_t)g[2]) != 0
        || setresuid((uid_t)u[0], (uid_t)u[1], (uid_t)u[2]) != 0)
        return errno;
    return 0;
}

static void set_signals(const struct description *d)
{
    uint64_t ignored = number(d, "ignore", 16, 0), blocked = number(d, "block", 16, 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set;

    signals_reset();
    sigemptyset(&set);
    for (int signo = 1; signo < NSIG; signo++) {
        if (ignored >> (signo - 1) & 1)
            sigaction(signo, &ignore, NULL);
        if (blocked >> (signo - 1) & 1)
            sigaddset(&set, signo);
    }
    sigprocmask(SIG_SETMASK, &set, NULL);
}

static char **strings(const struct description *d, const char *key)
{
    size_t count = 0;
    char *s, **list;

    for (s = next_value(d, key, NULL); s != NULL; s = next_value(d, key, s))
        count++;
    list = calloc(count + 2, sizeof *list); /* one more: room for the interpreter of a script without #! */
    if (list == NULL)
        return NULL;
    list++;
    for (count = 0, s = next_value(d, key, NULL); s != NULL; s = next_value(d, key, s))
        list[count++] = s;
    return list;
}

/* The numbers that the program knows; all others go. */
static int place_descriptors(const struct description *d, const struct opened *opened)
{
    uint64_t v[2];

    close_range(0, PARKING - 1, 0);
    for (const char *s = next_value(d, "fd", NULL); s != NULL; s = next_value(d, "fd", s))
        if (numbers(s, 10, v, 2, NULL) != 2 || v[0] >= RUNDIR_FD || v[1] >= MAX_KEYS || opened->fd[v[1]] < 0
            || dup2(opened->fd[v[1]], (int)v[0]) < 0)
            return EBADF;
    return 0;
}

/* As execvp(3): a file without a format the kernel knows is a script of the shell. */
static int execute(const char *exe, char **args, char **env)
{
    execve(exe, args, env);
    if (errno == ENOEXEC) {
        args[-1] = "/bin/sh";
        args[0] = (char *)exe;
        execve("/bin/sh", args - 1, env);
    }
    return errno;
}

int birth_become(const struct order *order, bool in_init, int outcome)
{
    struct description d = {0};
    struct opened opened;
    const char *exe, *cwd;
    char **args, **env, end;
    ssize_t got;
    int fd = standin_fetch(order->control_fd, in_init), gate = standin_fetch(order->gate_fd, in_init), rc, none = 0;

    for (size_t i = 0; i < MAX_KEYS; i++)
        opened.fd[i] = -1;
    if (fd < 0 || gate < 0)
        return errno;
    rc = read_description(fd, &d);
    if (rc != 0)
        return rc;
    exe = next_value(&d, "exe", NULL);
    cwd = next_value(&d, "cwd", NULL);
    args = strings(&d, "arg");
    env = strings(&d, "env");
    if (exe == NULL || cwd == NULL || args == NULL || env == NULL || args[0] == NULL)
        return EINVAL;
    errno = 0;
    rc = fetch_streams(&d, order, in_init, &opened);
    if (rc != 0)
        return rc;
    if (order->flags & ORDER_NEW_SESSION && order->tty_index >= 0) {
        int tty = standin_open_slave(order->tty_index, O_NOCTTY);

        if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) != 0)
            return errno;
        close(tty);
    }
    rc = write_own("/proc/self/oom_score_adj", number(&d, "oom", 10, 0));
    if (rc == 0)
        rc = set_limits(&d);
    if (rc != 0)
        return rc;
    if (setpriority(PRIO_PROCESS, 0, (int)number(&d, "nice", 10, 0)) != 0)
        return errno;
    umask((mode_t)number(&d, "umask", 10, 022));
    rc = set_identity(&d);
    if (rc != 0)
        return rc;
    if (chdir(cwd) != 0)
        return errno;
    rc = open_files(&d, &opened);
    if (rc != 0)
        return rc;
    if (faccessat(AT_FDCWD, exe, X_OK, AT_EACCESS) != 0)
        return errno;
    rc = place_descriptors(&d, &opened);
    if (rc != 0)
        return rc;
    set_signals(&d);
    if (write(outcome, &none, sizeof none) != sizeof none)
        _exit(126);
    close(outcome);
    do
        got = read(gate, &end, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1) /* nobody will let it begin: it has been given up */
        _exit(126);
    rc = execute(exe, args, env);
    dprintf(2, "mig: cannot execute %s: %s\n", exe, strerror(rc));
    _exit(rc == ENOENT ? 127 : 126);
}
