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

int space_prepare(const char *hostname, char *why, size_t size)
{
    if (sethostname(hostname, strlen(hostname)) != 0)
        return failed(why, size, "setting the host name");
    if (raise_loopback() != 0)
        return failed(why, size, "bringing up the loopback interface");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return failed(why, size, "making the mounts private");
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        return failed(why, size, "mounting /proc");
    if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5") != 0)
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
