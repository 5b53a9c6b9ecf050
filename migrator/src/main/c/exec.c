/*
 * libmig-exec.so: below `mig shell`, a new program for which this node has no room begins on another one.
 *
 * Preloaded (ld.so(8), LD_PRELOAD) into what is started there, it stands before execve(2) and its family. Each call looks at one line that
 * the agent keeps, `room`, and nearly always goes on as if it had not been there. When there is no room, mig-born is executed in place of the
 * program and asks the agent (born.c). Who has no doubts asks nobody: any oddity, and each failure, ends with the plain call.
 *
 * The environment that the program shall have switches it on: MIG_MANAGED and MIG_BIRTHS=NAMESPACE:FILE, where NAMESPACE is the number of the
 * pid namespace that this is for (in a capsule it is another one: what a guest starts stays there) and FILE is that line:
 *
 *   MODE UNTIL ROOM PID RUNNING
 *
 *   MODE     0 nobody else has room either; 1 there is room, as far as the agent knows; 2 there is none
 *   UNTIL    milliseconds of CLOCK_MONOTONIC from which on it is not true any more, because no agent lives that says so
 *   ROOM     programs more that this node has room for, in mode 1
 *   PID      the last pid that was given away when the agent looked; who has a later one may be new
 *   RUNNING  tasks on the whole machine up to which there is room for one more, whatever is new
 *
 * It may be called after vfork(2) and in signal handlers: it allocates nothing, takes no lock, changes nothing but its stack and errno.
 */
#define _GNU_SOURCE
#include "exec.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define BIRTHS "MIG_BIRTHS="
#define MANAGED "MIG_MANAGED=1"
#define BORN_EXE "MIG_BORN_EXE="
#define BORN_SOCKET "MIG_BORN_SOCKET="
#define BORN_PATIENCE "MIG_BORN_PATIENCE=5000"
#define MOST_ENVIRONMENT 8192 /* settings; more of them do not fit on a stack that may be small */
#define MOST_ARGUMENTS 8192

typedef int exec_call(const char *, char *const[], char *const[]);
typedef int spawn_call(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], char *const[]);

static exec_call *next_execve, *next_execvpe;
static spawn_call *next_spawn, *next_spawnp;
static char born[PATH_MAX]; /* beside this library; empty: not known, nobody is asked */

/* While no other thread and no child exists: dlsym(3) is nothing for after a vfork(2). */
__attribute__((constructor)) static void find_next(void)
{
    static const char name[] = "mig-born";
    Dl_info self;
    const char *slash;
    int error = errno;

    *(void **)&next_execve = dlsym(RTLD_NEXT, "execve");
    *(void **)&next_execvpe = dlsym(RTLD_NEXT, "execvpe");
    *(void **)&next_spawn = dlsym(RTLD_NEXT, "posix_spawn");
    *(void **)&next_spawnp = dlsym(RTLD_NEXT, "posix_spawnp");
    if (dladdr((void *)find_next, &self) != 0 && self.dli_fname != NULL && self.dli_fname[0] == '/'
        && (slash = strrchr(self.dli_fname, '/')) != NULL && (size_t)(slash - self.dli_fname) + sizeof name < sizeof born) {
        memcpy(born, self.dli_fname, (size_t)(slash - self.dli_fname) + 1);
        memcpy(born + (slash - self.dli_fname) + 1, name, sizeof name);
    }
    errno = error;
}

static const char *setting(char *const env[], const char *name, size_t len)
{
    for (; *env != NULL; env++)
        if ((*env)[0] == 'M' && strncmp(*env, name, len) == 0)
            return *env + len;
    return NULL;
}

/* What mig-born is to know, behind what the program shall have: it takes that away again. */
struct asking {
    char exe[sizeof BORN_EXE + PATH_MAX];
    char socket[sizeof BORN_SOCKET + PATH_MAX];
    size_t settings;
};

/*
 * Whether the agent is to be asked about this program; then `asking` is ready for `extend`.
 *
 * @param search_path whether a name without slash is looked up
 */
static bool shall_ask(struct asking *asking, const char *name, char *const argv[], char *const env[], bool search_path)
{
    static const char control[] = "control.sock";
    const char *where = setting(env, BIRTHS, sizeof BIRTHS - 1), *file, *slash;
    char *exe = asking->exe + sizeof BORN_EXE - 1;
    size_t arguments = 0;

    if (name == NULL || argv == NULL || argv[0] == NULL)
        return false;
    if (setting(env, MANAGED, sizeof MANAGED) == NULL || setting(env, BORN_EXE, sizeof BORN_EXE - 1) != NULL)
        return false;
    file = strchr(where, '/');
    slash = strrchr(where, '/');
    for (asking->settings = 0; env[asking->settings] != NULL; asking->settings++)
        ;
    while (argv[arguments] != NULL)
        arguments++;
    if (asking->settings > MOST_ENVIRONMENT || arguments > MOST_ARGUMENTS
        || (size_t)(slash - file) + 1 + sizeof control > PATH_MAX || !(search_path ? search(name, exe, PATH_MAX) : strlen(name) < PATH_MAX))
        return false;
    if (!search_path)
        strcpy(exe, name);
    if (!is_ordinary(exe))
        return false;
    memcpy(asking->exe, BORN_EXE, sizeof BORN_EXE - 1);
    memcpy(asking->socket, BORN_SOCKET, sizeof BORN_SOCKET - 1);
    memcpy(asking->socket + sizeof BORN_SOCKET - 1, file, (size_t)(slash - file) + 1);
    memcpy(asking->socket + sizeof BORN_SOCKET - 1 + (slash - file) + 1, control, sizeof control);
    return true;
}

/* What nearly every call comes to: nothing. */
static bool is_nothing(char *const env[])
{
    const char *where = env != NULL && born[0] != 0 ? setting(env, BIRTHS, sizeof BIRTHS - 1) : NULL;

    return where == NULL || !no_room(where);
}

#define ADDED 4 /* three settings and the end */

static void extend(char **extended, struct asking *asking, char *const env[])
{
    memcpy(extended, env, asking->settings * sizeof *env);
    extended[asking->settings] = asking->exe;
    extended[asking->settings + 1] = asking->socket;
    extended[asking->settings + 2] = (char *)BORN_PATIENCE;
    extended[asking->settings + 3] = NULL;
}

static int plain_execve(const char *path, char *const argv[], char *const env[])
{
    return next_execve != NULL ? next_execve(path, argv, env) : (int)syscall(SYS_execve, path, argv, env);
}

static __attribute__((noinline)) void execute_born(struct asking *asking, char *const argv[], char *const env[])
{
    char *extended[asking->settings + ADDED];

    extend(extended, asking, env);
    plain_execve(born, argv, extended);
}

/* Comes back when nobody is to be asked. A function of its own: it wants much of a stack, but seldom. */
static __attribute__((noinline)) void ask_instead(const char *name, char *const argv[], char *const env[], bool search_path)
{
    struct asking asking;

    if (shall_ask(&asking, name, argv, env, search_path))
        execute_born(&asking, argv, env);
}

static void away(const char *name, char *const argv[], char *const env[], bool search_path)
{
    int error = errno;

    if (!is_nothing(env))
        ask_instead(name, argv, env, search_path);
    errno = error;
}

EXPORT int execve(const char *path, char *const argv[], char *const env[])
{
    away(path, argv, env, false);
    return plain_execve(path, argv, env);
}

EXPORT int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

EXPORT int execvpe(const char *name, char *const argv[], char *const env[])
{
    away(name, argv, env, true);
    if (next_execvpe != NULL)
        return next_execvpe(name, argv, env);
    errno = ENOSYS; /* before this library has been set up nobody searches */
    return -1;
}

EXPORT int execvp(const char *name, char *const argv[])
{
    return execvpe(name, argv, environ);
}

/* The arguments of execl(3) and its kin, as an array `list` that ends with NULL; `at` stands behind the first one. */
#define COLLECT(first, list)                        \
    size_t count = 1, i = 1;                        \
    va_list at;                                     \
    va_start(at, first);                            \
    while (va_arg(at, char *) != NULL)              \
        count++;                                    \
    va_end(at);                                     \
    char *list[count + 1];                          \
    va_start(at, first);                            \
    list[0] = (char *)first;                        \
    do                                              \
        list[i] = va_arg(at, char *);               \
    while (list[i++] != NULL)

EXPORT int execl(const char *path, const char *first, ...)
{
    COLLECT(first, list);
    va_end(at);
    return execve(path, list, environ);
}

EXPORT int execlp(const char *name, const char *first, ...)
{
    COLLECT(first, list);
    va_end(at);
    return execvpe(name, list, environ);
}

EXPORT int execle(const char *path, const char *first, ...)
{
    char *const *env;

    COLLECT(first, list);
    env = va_arg(at, char *const *);
    va_end(at);
    return execve(path, list, env);
}

static __attribute__((noinline)) int spawn_born(pid_t *pid, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                                                struct asking *asking, char *const argv[], char *const env[])
{
    char *extended[asking->settings + ADDED];

    extend(extended, asking, env);
    return next_spawn(pid, born, actions, attributes, argv, extended);
}

/* Whether mig-born has been started instead. A name that is not absolute may mean another file behind the file actions. */
static __attribute__((noinline)) bool spawn_instead(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
                                                    const posix_spawnattr_t *attributes, char *const argv[], char *const env[],
                                                    bool search_path)
{
    struct asking asking;

    return shall_ask(&asking, name, argv, env, search_path) && (actions == NULL || asking.exe[sizeof BORN_EXE - 1] == '/')
           && spawn_born(pid, actions, attributes, &asking, argv, env) == 0;
}

static int spawn(spawn_call *next, pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const env[], bool search_path)
{
    int error = errno;
    bool done;

    if (next == NULL || next_spawn == NULL)
        return ENOSYS; /* before this library has been set up */
    done = !is_nothing(env) && spawn_instead(pid, name, actions, attributes, argv, env, search_path);
    errno = error;
    return done ? 0 : next(pid, name, actions, attributes, argv, env);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                       char *const argv[], char *const env[])
{
    return spawn(next_spawn, pid, path, actions, attributes, argv, env, false);
}

EXPORT int posix_spawnp(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                        char *const argv[], char *const env[])
{
    return spawn(next_spawnp, pid, name, actions, attributes, argv, env, true);
}
