/*
 * Since Linux 6.2 a system may forbid users to put bytes into the input of their own terminal (dev.tty.legacy_tiocsti=0),
 * because a program that was given less privilege could type commands for the shell it came from. What a deputy gives
 * back was typed at that very terminal before; still we only do it where a user could harm nobody but himself: for the
 * controlling terminal of the deputy, and only when its device belongs to the deputy's user.
 */
#include "deputise.h"
#include "typing.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define MOST_BYTES 65536

/* Device number of the controlling terminal as in /proc/PID/stat, 0 when there is none. */
static unsigned controlling_terminal(pid_t pid)
{
    char text[1024], *end;
    int number = 0;
    ssize_t n = read_proc(pid, "stat", text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    end = strrchr(text, ')');
    if (end == NULL || sscanf(end + 1, " %*c %*d %*d %*d %d", &number) != 1)
        return 0;
    return (unsigned)number;
}

static size_t parse_hex(const char *hex, uint8_t *bytes, size_t size)
{
    size_t n = 0;
    unsigned byte;

    while (n < size && isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1]) && sscanf(hex, "%2x", &byte) == 1) {
        bytes[n++] = (uint8_t)byte;
        hex += 2;
    }
    return *hex == '\0' ? n : 0;
}

bool type_for_deputy(struct target *t, int fd, const char *hex)
{
    static uint8_t bytes[MOST_BYTES];
    size_t len = parse_hex(hex, bytes, sizeof bytes), n;
    struct stat terminal, process;
    char path[64];
    unsigned number = controlling_terminal(t->pid);
    int terminal_fd, error;

    if (len == 0)
        return refuse(t, "nothing to type, or no hexadecimal digits");
    snprintf(path, sizeof path, "/proc/%d", t->pid);
    if (stat(path, &process) != 0)
        return refuse(t, "%s: %s", path, strerror(errno));
    snprintf(path, sizeof path, "/proc/%d/fd/%d", t->pid, fd);
    terminal_fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (terminal_fd < 0)
        return refuse(t, "%s: %s", path, strerror(errno));
    if (fstat(terminal_fd, &terminal) != 0 || !S_ISCHR(terminal.st_mode) || number == 0
        || makedev((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00)) != terminal.st_rdev) {
        close(terminal_fd);
        return refuse(t, "descriptor %d is not its controlling terminal", fd);
    }
    if (terminal.st_uid != process.st_uid) {
        close(terminal_fd);
        return refuse(t, "the terminal belongs to user %u, the process to user %u", terminal.st_uid, process.st_uid);
    }
    n = type_quietly(terminal_fd, bytes, len);
    error = errno;
    close(terminal_fd);
    return n == len || refuse(t, "only %zu of %zu bytes typed: %s", n, len, strerror(error));
}
