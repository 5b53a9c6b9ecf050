/* What is shared by the parts of libmig-exec.so. Nothing here allocates, locks, or changes errno for good. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the agent is to be asked about one program more; `where` is the value of MIG_BIRTHS. */
bool no_room(const char *where);

/* A plain file of a program for this machine that its user may read, and that gives him no more than he has. */
bool is_ordinary(const char *path);

/* The file that a name without slash means, as execvp(3) finds it; false: none, or it is too hard to say. */
bool search(const char *name, char *found, size_t size);
