/* Putting bytes into a terminal's input as if they had been typed there; used by the deputy, and by the agent's helper where users may not. */
#ifndef MIG_TYPING_H
#define MIG_TYPING_H

#include <stddef.h>
#include <stdint.h>

/* Neither echoed nor obeyed (no Ctrl-C, no ^S) a second time. Returns how many bytes were taken; errno tells why not all. */
size_t type_quietly(int fd, const uint8_t *data, size_t len);

#endif
