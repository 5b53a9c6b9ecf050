/* The namespaces of a capsule seen from inside: host name, loopback, mounts, terminals. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define PTMX_PATH "/dev/pts/ptmx"
#define PTMX_DEVICE makedev(5, 2)
#define LAST_PTY 4095 /* default of kernel.pty.max, less one */

static int failed(char *why, size_t size, const char *what)
{
    int error = errno;

    snprintf(why, size, "%s: %s", what, strerror(error));
    return -error;
}

static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0)
        return -1;
    rc = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return rc;
}

/*
 * /dev/ptmx as a device node finds the devpts mounted at /dev/pts beside it, as a link it leads there; only a bind mount
 * of another instance's ptmx has to be covered.
 */
static int adopt_ptmx(void)
{
    struct stat own, outer;

    if (stat(PTMX_PATH, &own) != 0)
        return -1;
    if (lstat("/dev/ptmx", &outer) != 0)
        return symlink("pts/ptmx", "/dev/ptmx");
    if (S_ISLNK(outer.st_mode))
        return 0;
    if (stat("/dev", &own) == 0 && own.st_dev == outer.st_dev && outer.st_rdev == PTMX_DEVICE)
        return 0;
    return mount(PTMX_PATH, "/dev/ptmx", NULL, MS_BIND, NULL);
}

static int mount_terminals(const char *where)
{
    return mount("devpts", where, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
}

/* ---------------------------------------------------------------- a root that is not the node's */

static const char refused_name[] = "relative or unclean path of a shared directory";

/* A descriptor that leads somewhere even when no path does any more. */
static int keep(const char *path, int number)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fd != number && dup3(fd, number, O_CLOEXEC) < 0)
        return -1;
    return fd == number ? 0 : close(fd);
}

static int make_devices(void)
{
    static const struct {
        const char *name;
        unsigned minor;
    } memory[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
    static const char *const links[][2] = {
        {"pts/ptmx", "dev/ptmx"},       {"/proc/self/fd", "dev/fd"},      {"/proc/self/fd/0", "dev/stdin"},
        {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
    };
    char path[32];

    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++) {
        snprintf(path, sizeof path, "dev/%s", memory[i].name);
        if (mknod(path, S_IFCHR | 0666, makedev(1, memory[i].minor)) != 0)
            return -1;
    }
    if (mknod("dev/tty", S_IFCHR | 0666, makedev(5, 0)) != 0)
        return -1;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (symlink(links[i][0], links[i][1]) != 0)
            return -1;
    return mkdir("dev/pts", 0755) != 0 || mkdir("dev/shm", 01777) != 0 ? -1 : 0;
}

/*
 * What criu found out about the node's kernel and keeps in a file must not be replaced by what the root's owner keeps there.
 * Without the node's knowledge an empty file makes criu look again.
 */
static int cover_criu_cache(void)
{
    struct stat unused;

    if (stat("run/criu.kdat", &unused) != 0)
        return 0;
    if (mount("/run/criu.kdat", "run/criu.kdat", NULL, MS_BIND, NULL) == 0)
        return 0;
    return mount("/dev/null", "run/criu.kdat", NULL, MS_BIND, NULL);
}

static int bind_shared(const char *path)
{
    struct stat unused;

    if (path[0] != '/' || path[1] == 0) {
        errno = EINVAL;
        return -1;
    }
    if (stat(path + 1, &unused) != 0 && errno == ENOENT)
        return 0; /* not there at home: nobody can miss it */
    return mount(path, path + 1, NULL, MS_BIND | MS_REC, NULL);
}

/* Here and below every relative path is one of the new root. */
static int enter_root(const struct space *space, char *why, size_t size)
{
    mode_t mask = umask(0);

    if (keep(space->directory, RUNDIR_FD) != 0 || keep(space->criu, CRIU_DIR_FD) != 0 || keep(space->cgroup, CGROUP_FD) != 0)
        return failed(why, size, "opening the directories of run, criu and cgroup");
    if (chdir(space->root) != 0)
        return failed(why, size, "entering the new root");
    if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return failed(why, size, "mounting /proc in the new root");
    if (mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) != 0)
        return failed(why, size, "mounting /sys in the new root");
    if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=0755,size=64k,nr_inodes=64") != 0)
        return failed(why, size, "mounting /dev in the new root");
    if (make_devices() != 0)
        return failed(why, size, "making the devices of the new root");
    if (mount("tmpfs", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") != 0)
        return failed(why, size, "mounting /dev/shm in the new root");
    if (mount_terminals("dev/pts") != 0)
        return failed(why, size, "mounting /dev/pts in the new root");
    if (cover_criu_cache() != 0)
        return failed(why, size, "covering run/criu.kdat in the new root");
    for (int i = 0; i < space->shared_count; i++)
        if (bind_shared(space->shared[i]) != 0)
            return failed(why, size, errno == EINVAL ? refused_name : space->shared[i]);
    umask(mask);
    /* The old root comes to lie over the new one and is taken off, see pivot_root(2). */
    if (syscall(SYS_pivot_root, ".", ".") != 0)
        return failed(why, size, "making the new root the root");
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return failed(why, size, "taking off the old root");
    return 0;
}

int space_prepare(const struct space *space, char *why, size_t size)
{
    if (sethostname(space->hostname, strlen(space->hostname)) != 0)
        return failed(why, size, "setting the host name");
    if (raise_loopback() != 0)
        return failed(why, size, "bringing up the loopback interface");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return failed(why, size, "making the mounts private");
    if (space->root != NULL)
        return enter_root(space, why, size);
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return failed(why, size, "mounting /proc");
    if (mount_terminals("/dev/pts") != 0)
        return failed(why, size, "mounting /dev/pts");
    if (adopt_ptmx() != 0)
        return failed(why, size, "providing /dev/ptmx");
    return 0;
}

/* The kernel gives the lowest free index, so the ones below have to be taken for a moment. */
int space_open_pty(int wanted)
{
    int found = -1, error = EBUSY, used = 0, unlock = 0;
    int *below;

    if (wanted < 0 || wanted > LAST_PTY) {
        errno = EINVAL;
        return -1;
    }
    below = mig_alloc(sizeof *below * ((size_t)wanted + 1));
    while (used <= wanted && found < 0) {
        int fd = open(PTMX_PATH, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK), index = -1;

        if (fd < 0 || ioctl(fd, TIOCGPTN, &index) != 0) {
            error = errno;
            if (fd >= 0)
                close(fd);
            break;
        }
        if (index == wanted)
            found = fd;
        else
            below[used++] = fd;
        if (index > wanted)
            break;
    }
    while (used > 0)
        close(below[--used]);
    free(below);
    if (found >= 0 && ioctl(found, TIOCSPTLCK, &unlock) != 0) {
        error = errno;
        close(found);
        found = -1;
    }
    errno = error;
    return found;
}
