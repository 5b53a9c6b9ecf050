/* Turning a process into `criu swrk`, and the bits of process hygiene that go with it. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void signals_reset(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    int signo;

    for (signo = 1; signo < NSIG; signo++)
        sigaction(signo, &standard, NULL); /* KILL, STOP and the C library's own refuse, and may */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int stdio_null(bool keep_stdin)
{
    int fd = open("/dev/null", O_RDWR);
    int target;

    if (fd < 0)
        return -1;
    for (target = keep_stdin ? 1 : 0; target <= 2; target++)
        if (dup2(fd, target) < 0)
            return -1;
    if (fd > 2)
        close(fd);
    return 0;
}

static int keep_both_ends(int *criu_end)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
        return -1;
    if (ends[0] == HELD_FD && (ends[0] = dup(ends[0])) < 0) /* dup2 below would close it */
        return -1;
    if (ends[1] != HELD_FD && dup2(ends[1], HELD_FD) < 0)
        return -1;
    *criu_end = ends[0];
    return ends[1] == HELD_FD ? 0 : close(ends[1]);
}

/*
 * Nothing of the root that criu sees may decide what criu is: no preloaded library, no plugin, no configuration file. The
 * directory of terminals never has a plugin in it.
 */
static int exec_by_loader(const char *exe, char *number)
{
    char *environment[] = {"CRIU_LIBS_DIR=/dev/pts", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    const char *slash = strrchr(exe, '/');
    char library[PATH_MAX], loader[PATH_MAX];
    int directory = slash != NULL ? (int)(slash - exe) : 0;

    if (snprintf(library, sizeof library, "%.*s/lib", directory, exe) >= (int)sizeof library
        || snprintf(loader, sizeof loader, "%.*s/lib/ld-linux-x86-64.so.2", directory, exe) >= (int)sizeof loader)
        return ENAMETOOLONG;
    execle(loader, loader, "--inhibit-rpath", "", "--library-path", library, exe, "--no-default-config", "swrk", number,
           (char *)NULL, environment);
    return errno;
}

void swrk_resemble(pid_t pid)
{
    struct rlimit unused;
    char path[40], line[256];
    unsigned uid = 0, gid = 0;
    FILE *status;

    if (pid <= 0 || prlimit(pid, RLIMIT_CORE, NULL, &unused) == 0 || errno != EPERM)
        return;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    status = fopen(path, "re");
    if (status == NULL)
        return;
    while (fgets(line, sizeof line, status) != NULL) {
        sscanf(line, "Uid: %u", &uid);
        sscanf(line, "Gid: %u", &gid);
    }
    fclose(status);
    if (setresgid(gid, -1, -1) != 0 || setresuid(uid, -1, -1) != 0)
        return; /* criu says itself what it may not do */
}

int swrk_exec(const char *socket_path, const char *token, const char *exe, bool hold, bool loader)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char number[16], text[160];
    int fd, connection;

    if (strlen(socket_path) >= sizeof address.sun_path)
        return ENAMETOOLONG;
    strcpy(address.sun_path, socket_path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        return errno;
    connection = fd;
    snprintf(text, sizeof text, hold ? "%s\nheld=%d" : "%s", token, HELD_FD);
    if (hold && keep_both_ends(&fd) != 0)
        return errno;
    if (send(connection, text, strlen(text), MSG_NOSIGNAL) < 0)
        return errno;
    if (fd == SWRK_FD ? fcntl(fd, F_SETFD, 0) != 0 : dup2(fd, SWRK_FD) < 0)
        return errno;
    snprintf(number, sizeof number, "%d", SWRK_FD);
    if (loader)
        return exec_by_loader(exe, number);
    execl(exe, exe, "swrk", number, (char *)NULL);
    return errno;
}
