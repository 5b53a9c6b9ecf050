/*
 * mig-spawn SOCKET TOKEN EXE [PID]: introduces itself to the agent and becomes `EXE swrk 3` talking to it, for work in the node's
 * own namespaces. Own session and process group, no terminal, no inherited descriptors: a signal meant for the agent's
 * group must not hit a dump half way. PID: the process it will dump.
 */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int saved_stderr, error;

    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: mig-spawn SOCKET TOKEN EXE [PID]\n");
        return 2;
    }
    setsid(); /* fails only when we lead a group already, which is as good */
    signals_reset();
    saved_stderr = dup(2);
    if (saved_stderr >= 0 && saved_stderr <= SWRK_FD) /* keep it out of the way of the numbers that matter */
        saved_stderr = dup2(saved_stderr, 9);
    if (stdio_null(false) != 0) {
        dprintf(saved_stderr, "mig-spawn: cannot open /dev/null: %s\n", strerror(errno));
        return 1;
    }
    for (int fd = 3; fd < 9; fd++)
        if (fd != saved_stderr)
            close(fd);
    close_range(10, ~0u, 0);
    if (saved_stderr >= 0 && saved_stderr != 9) {
        dup2(saved_stderr, 9);
        close(saved_stderr);
    }
    close_range(9, 9, CLOSE_RANGE_CLOEXEC);
    if (argc == 5)
        swrk_resemble(atoi(argv[4]));
    error = swrk_exec(argv[1], argv[2], argv[3], false, false);
    dprintf(9, "mig-spawn: cannot start exe=%s for socket=%s: %s\n", argv[3], argv[1], strerror(error));
    return 1;
}
