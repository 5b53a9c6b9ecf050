/*
 * mig-keeper MOUNTPOINT SOURCE [CGROUP_PROCS_FILE]: mounts a FUSE file system and holds the kernel's end of it, descriptor
 * KEPT_FD, until it is killed. It answers nothing itself: the agent fetches the descriptor (pidfd_getfd(2)) and serves it.
 * So the file system outlives the agent: who uses it waits until the next agent takes the descriptor up.
 *
 * Prints pid=N when all is ready. A mount that is there already is left alone: ours lies over it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#define KEPT_FD 3

static int complain(const char *what, const char *on)
{
    fprintf(stderr, "mig-keeper: %s %s: %s\n", what, on, strerror(errno));
    return 1;
}

static int enter_cgroup(const char *procs)
{
    int fd = open(procs, O_WRONLY | O_CLOEXEC);
    int rc = fd >= 0 && write(fd, "0", 1) == 1 ? 0 : -1;

    if (fd >= 0)
        close(fd);
    return rc;
}

static int mount_kept(const char *where, const char *source)
{
    char options[128];

    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", KEPT_FD);
    return mount(source, where, "fuse.mig", MS_NODEV | MS_NOSUID, options);
}

static void keep(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    prctl(PR_SET_NAME, "mig-keeper");
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    int fd, null;
    pid_t pid;

    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: mig-keeper MOUNTPOINT SOURCE [CGROUP_PROCS_FILE]\n");
        return 2;
    }
    close_range(3, ~0u, 0);
    if (argc == 4 && enter_cgroup(argv[3]) != 0)
        return complain("cannot enter the cgroup, procs=", argv[3]);
    fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return complain("cannot open", "/dev/fuse (modprobe fuse?)");
    if (fd != KEPT_FD && (dup3(fd, KEPT_FD, O_CLOEXEC) < 0 || close(fd) != 0))
        return complain("cannot place", "/dev/fuse");
    if (mount_kept(argv[1], argv[2]) != 0)
        return complain("cannot mount at", argv[1]);
    pid = fork();
    if (pid < 0) {
        complain("cannot fork for", argv[1]);
        umount2(argv[1], MNT_DETACH);
        return 1;
    }
    if (pid > 0) {
        printf("pid=%d\n", pid);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    setsid();
    null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0)
        return 1;
    if (null > 2)
        close(null);
    keep();
}
