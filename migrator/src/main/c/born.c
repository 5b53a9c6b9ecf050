/*
 * mig-born: the process that `mig run`, or a program of `mig shell` (exec.c), is until its program starts. Asks the agent where that shall be and waits.
 *
 *   here       it executes the program, as if it had never been there
 *   elsewhere  it is frozen and becomes the program's deputy: this code never hears of it
 *   nowhere    it says why and ends with status 125
 *
 * No answer in time, no agent, or anything about this process that a new one elsewhere would not have: here. Whatever it has been told,
 * a frozen process executes nothing, so the program is started once.
 *
 * argv is the program's own. From the environment, and not left in it: MIG_BORN_EXE (the program's file), MIG_BORN_ARGS (arguments of
 * the agent's verb `birth`, JSON), MIG_BORN_SOCKET (the agent's control socket), MIG_BORN_PATIENCE (milliseconds).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define LEAST_PATIENCE_MS 100
#define MINE "MIG_BORN_"
#define NOWHERE 125

extern char **environ;

/* What the program shall see: the environment without our own settings. */
static void forget_own_settings(void)
{
    char **to = environ;

    for (char **from = environ; *from != NULL; from++)
        if (strncmp(*from, MINE, strlen(MINE)) != 0)
            *to++ = *from;
    *to = NULL;
}

static void execute(const char *exe, char **argv)
{
    char **script;
    int error, argc = 0;

    execve(exe, argv, environ);
    error = errno;
    while (argv[argc] != NULL)
        argc++;
    script = error == ENOEXEC ? calloc((size_t)argc + 2, sizeof *script) : NULL;
    if (script != NULL) { /* as execvp(3) */
        script[0] = (char *)"/bin/sh";
        script[1] = (char *)exe;
        memcpy(script + 2, argv + 1, (size_t)argc * sizeof *script);
        execve(script[0], script, environ);
    }
    fprintf(stderr, "mig run: cannot execute %s: %s\n", exe, strerror(error));
    _exit(error == ENOENT ? 127 : 126);
}

static bool has_children(void)
{
    char byte;
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    bool some = fd >= 0 && read(fd, &byte, 1) > 0;

    if (fd >= 0)
        close(fd);
    return some;
}

/* Has it nothing that execve(2) keeps and that is not set up anew elsewhere? The agent looks at the rest. */
static bool is_plain(void)
{
    struct itimerval timer;
    int death = 0;

    for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
        if (getitimer((__itimer_which_t)which, &timer) != 0 || timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0)
            return false;
    return prctl(PR_GET_PDEATHSIG, &death) == 0 && death == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0
           && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0 && prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0 && personality(0xffffffff) == 0
           && sched_getscheduler(0) == SCHED_OTHER && !has_children();
}

static int ask(const char *path, const char *args)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char line[4096];
    int n = snprintf(line, sizeof line, "{\"v\":1,\"verb\":\"birth\",\"args\":%s}\n", args);

    if (fd < 0 || strlen(path) >= sizeof address.sun_path || n >= (int)sizeof line)
        return -1;
    strcpy(address.sun_path, path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
        return -1;
    return fd;
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static long long patience(void)
{
    const char *text = getenv(MINE "PATIENCE");
    long long ms = text != NULL ? atoll(text) : PATIENCE_MS;

    return ms < LEAST_PATIENCE_MS || ms > PATIENCE_MS ? PATIENCE_MS : ms;
}

/* The agent's answer, one line; empty when there is none in time. */
static void await(int fd, char *answer, size_t size)
{
    long long end = now_ms() + patience();
    size_t len = 0;

    while (len + 1 < size && memchr(answer, '\n', len) == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        long long left = end - now_ms();
        ssize_t n;

        if (left <= 0)
            break;
        n = poll(&p, 1, (int)left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        n = read(fd, answer + len, size - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    answer[len] = 0;
}

/* The text of a member of the answer, as the agent writes it: no blanks, and nothing escaped that matters here. */
static char *member(char *answer, const char *name)
{
    char *at = strstr(answer, name), *end;

    if (at == NULL)
        return NULL;
    at += strlen(name);
    for (end = at; *end != 0 && *end != '"'; end++)
        if (*end == '\\' && end[1] != 0)
            end++;
    *end = 0;
    return at;
}

/* It shall be moved there as soon as it runs, by a checkpoint: the balancer reads this. */
static void set_first(const char *node)
{
    char value[300];

    snprintf(value, sizeof value, "%d:%s", (int)getpid(), node);
    setenv("MIG_FIRST", value, 1);
}

int main(int argc, char **argv)
{
    const char *exe = getenv(MINE "EXE"), *args = getenv(MINE "ARGS"), *path = getenv(MINE "SOCKET");
    static char answer[65536];
    char *text;
    int fd;

    if (argc < 1 || exe == NULL) {
        fprintf(stderr, "mig-born: is started by mig run\n");
        return 2;
    }
    fd = is_plain() ? ask(path != NULL ? path : "/run/mig/control.sock", args != NULL ? args : "{}") : -1;
    if (fd >= 0) {
        prctl(PR_SET_NAME, strrchr(exe, '/') != NULL ? strrchr(exe, '/') + 1 : exe);
        await(fd, answer, sizeof answer);
        if (strstr(answer, "\"start\":\"nowhere\"") != NULL) {
            text = member(answer, "\"text\":\"");
            fprintf(stderr, "mig run: %s\n", text != NULL ? text : "no node can run it");
            return NOWHERE;
        }
        text = member(answer, "\"first\":\"");
        if (text != NULL && *text != 0)
            set_first(text);
    }
    forget_own_settings();
    execute(exe, argv);
}
