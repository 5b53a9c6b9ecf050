#include "typing.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>

size_t type_quietly(int fd, const uint8_t *data, size_t len)
{
    struct termios2 before, quiet;
    bool changed = false;
    size_t n = 0;
    int error;

    if (ioctl(fd, TCGETS2, &before) == 0) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
        quiet.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR | ISTRIP);
        changed = ioctl(fd, TCSETS2, &quiet) == 0;
    }
    while (n < len && ioctl(fd, TIOCSTI, data + n) == 0)
        n++;
    error = errno;
    if (changed)
        ioctl(fd, TCSETS2, &before);
    errno = error;
    return n;
}
