/*
 * exec_calls CALL NAME [fork|vfork]   a child executes NAME by CALL, with arguments and an environment that are easily spoilt
 * exec_calls cost PATH N              nanoseconds of one execve(2) that fails, which is what stands before one that does not
 * anything else                       prints what it was started with
 */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define ARGS "zeroth", "", "two words", "\xc3\xa4\xff\n", "-n"

static void tell(int argc, char **argv)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);

    printf("exe=%.*s\n", (int)n, exe);
    for (int i = 0; i < argc; i++)
        printf("arg=%s\n", argv[i]);
    for (char **e = environ; *e != NULL; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0)
            printf("env=%s\n", *e);
    printf("open=%d errno=%d\n", dup(0), errno);
}

static int call(const char *how, const char *name, char **env)
{
    char *argv[] = {ARGS, NULL};
    char *none[] = {NULL};

    if (strcmp(how, "execve") == 0)
        return execve(name, argv, env);
    if (strcmp(how, "execv") == 0)
        return execv(name, argv);
    if (strcmp(how, "execvp") == 0)
        return execvp(name, argv);
    if (strcmp(how, "execvpe") == 0)
        return execvpe(name, argv, env);
    if (strcmp(how, "execl") == 0)
        return execl(name, ARGS, (char *)NULL);
    if (strcmp(how, "execlp") == 0)
        return execlp(name, ARGS, (char *)NULL);
    if (strcmp(how, "execle") == 0)
        return execle(name, ARGS, (char *)NULL, env);
    if (strcmp(how, "noargs") == 0)
        return execve(name, none, env);
    errno = EINVAL;
    return -1;
}

static int spawn(const char *how, const char *name, char **env, pid_t *pid)
{
    char *argv[] = {ARGS, NULL};
    posix_spawn_file_actions_t actions;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, 0, 9);
    if (strcmp(how, "posix_spawn") == 0)
        return posix_spawn(pid, name, NULL, NULL, argv, env);
    if (strcmp(how, "posix_spawnp") == 0)
        return posix_spawnp(pid, name, NULL, NULL, argv, env);
    return posix_spawn(pid, name, &actions, NULL, argv, env);
}

static long cost(const char *path, long n)
{
    char *argv[] = {(char *)"x", NULL};
    struct timespec a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);
    for (long i = 0; i < n; i++)
        execve(path, argv, environ);
    clock_gettime(CLOCK_MONOTONIC, &b);
    return ((b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec) / n;
}

int main(int argc, char **argv)
{
    int status, error = 0;
    pid_t pid;

    if (argc == 4 && strcmp(argv[1], "cost") == 0) {
        printf("%ld\n", cost(argv[2], atol(argv[3])));
        return 0;
    }
    if (argc != 4 || strcmp(argv[0], "exec_calls") != 0) {
        tell(argc, argv);
        return 7;
    }
    if (strncmp(argv[1], "posix", 5) == 0) {
        error = spawn(argv[1], argv[2], environ, &pid);
        if (error != 0) {
            printf("errno=%d\n", error);
            return 0;
        }
    } else {
        static volatile int said; /* vfork(2): the child writes here */

        pid = strcmp(argv[3], "vfork") == 0 ? vfork() : fork();
        if (pid == 0) {
            int rc = call(argv[1], argv[2], environ);

            said = errno;
            dprintf(1, "rc=%d errno=%d\n", rc, said);
            _exit(99);
        }
    }
    if (waitpid(pid, &status, 0) != pid)
        return 1;
    printf("status=%d\n", status);
    return 0;
}
