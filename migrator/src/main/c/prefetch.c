/*
 * mig-prefetch ROOT CGROUP_PROCS_FILE: asks for the attributes of files below ROOT, whose names come on standard input, each ended by a
 * null byte. The kernel remembers what it hears of a mounted tree, so that who opens these files soon need not wait for it.
 *
 * Whatever cannot be found is passed over: who needs it will hear why. Ends when the names end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_NAMES 1024

static int complain(const char *what, const char *on)
{
    fprintf(stderr, "mig-prefetch: %s %s: %s\n", what, on, strerror(errno));
    return 1;
}

static void look_at(const char *path)
{
    struct stat seen;
    int fd = open(path, O_PATH | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)fstat(fd, &seen);
    close(fd);
}

/* Names come whole or in pieces; one that does not fit is no name. */
static void look_at_all(void)
{
    static char text[64 * 1024];
    size_t have = 0;
    int names = 0;
    ssize_t more;

    while (have < sizeof text && (more = read(STDIN_FILENO, text + have, sizeof text - have)) > 0) {
        char *begin = text, *end;

        have += (size_t)more;
        while ((end = memchr(begin, 0, have - (size_t)(begin - text))) != NULL) {
            if (names++ < MOST_NAMES)
                look_at(begin);
            begin = end + 1;
        }
        have -= (size_t)(begin - text);
        memmove(text, begin, have);
    }
}

int main(int argc, char **argv)
{
    int procs;

    if (argc != 3) {
        fprintf(stderr, "usage: mig-prefetch ROOT CGROUP_PROCS_FILE\n");
        return 2;
    }
    close_range(3, ~0u, 0);
    procs = open(argv[2], O_WRONLY | O_CLOEXEC);
    if (procs < 0 || write(procs, "0", 1) != 1)
        return complain("cannot enter the cgroup, procs=", argv[2]);
    close(procs);
    if (chroot(argv[1]) != 0 || chdir("/") != 0)
        return complain("cannot enter", argv[1]);
    look_at_all();
    return 0;
}
