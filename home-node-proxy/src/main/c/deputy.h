/*
 * mig-deputy: what remains at home of a process that moved away. It has the pid, parent, session, group and terminal of the
 * original, and does nothing but relay: signals and input to the body, output, stops and the end back. README.md tells all.
 *
 *   deputy.c          start, configuration, conversation with the agent
 *   deputy-signals.c  signals to the body, sentinel
 *   deputy-streams.c  pipes, sockets and shared files
 *   deputy-tty.c      the terminal
 *   deputy-end.c      stopping, continuing, ending, keeper
 */
#ifndef MIG_DEPUTY_H
#define MIG_DEPUTY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "link.h"

#include <signal.h>

enum channel_kind { PIPE_IN, PIPE_OUT, FILE_OUT, UNIX_SOCKET, TERMINAL };

/* How a descriptor whose O_NONBLOCK flag belongs to others too is read and written without ever blocking. */
enum channel_way {
    BY_NOWAIT, /* preadv2/pwritev2 with RWF_NOWAIT (pipes since Linux 6.4) */
    BY_OWN,    /* io is an open file description of our own, nonblocking */
    BY_POLL,   /* poll said ready; small pieces */
};

/* Terminal modes that wait until the output before them is written. */
struct mode_change {
    struct mode_change *next;
    size_t after; /* bytes of stream.in still to be written before */
    struct mig_tty_mode mode;
};

struct channel {
    struct mig_stream stream;
    struct channel *next;
    struct deputy *deputy;
    enum channel_kind kind;
    enum channel_way way;
    int fd; /* the original process's descriptor, -1 when closed */
    int io; /* what is read and written: fd or a private one */
    bool anonymous; /* a pipe without a name: its readers, once gone, never come back */
    size_t must_flush; /* bytes that were received before EXIT and are not yet written */
    struct mig_source source;
    struct mig_timer retry; /* disk full, or a file that is read */
    /* terminals */
    bool known, foreground, controlling, hung_up;
    uint8_t hands_off; /* looks at the terminal until it is read again: what was given back is for others */
    struct mig_tty_mode mode;
    struct mig_tty_size size;
    struct mode_change *changes;
};

/* A signal that waits for the sentinel's word, or the sentinel's word that waits for the signal. */
struct pending_signal {
    struct mig_signal signal;
    int64_t since;
};

#define PENDING_SIGNALS 32

struct deputy {
    struct mig_loop loop;
    struct mig_hull hull;
    struct mig_link link;
    const char *socket_path;
    pid_t pid;
    bool keeper, configured, ending;
    struct mig_exit exit;
    struct channel *channels;
    struct mig_timer tty_timer;
    /* signals */
    struct mig_source signals;
    struct mig_timer signals_pause;
    uint16_t drop[65]; /* per signal number: how many to swallow, they are in the image already */
    uint32_t conts;    /* SIGCONTs forwarded */
    /* sentinel */
    pid_t sentinel;
    struct mig_source sentinel_pipe;
    struct mig_timer sentinel_timer;
    struct pending_signal waiting[PENDING_SIGNALS], witnessed[PENDING_SIGNALS];
    unsigned n_waiting, n_witnessed;
};

/* deputy.c */
void deputy_fail(const char *what) __attribute__((noreturn));
/* Closes every descriptor except the n given ones (sorted in place) and those the deputy itself needs. */
void close_others(int *keep, int n);
void tell_agent(struct deputy *d, uint16_t type, struct mig_bytes *text);
extern const struct mig_hull_calls deputy_hull_calls;

/* deputy-signals.c */
void signals_open(struct deputy *d);
void signals_start(struct deputy *d);
void sentinel_set(struct deputy *d, bool on);

/* deputy-streams.c */
/* errno, or 0 */
int channel_open(struct deputy *d, uint16_t id, enum channel_kind kind, int fd, uint8_t flags);
void channel_update(struct channel *c);
void channel_received(struct mig_link *link, struct mig_stream *stream);
void channel_window(struct mig_link *link, struct mig_stream *stream);
void channel_close(struct channel *c);
/* Bytes the body never read go back into the pipe. */
void channel_unread(struct channel *c, const uint8_t *data, size_t len);
void channel_written(struct channel *c, size_t n);

/* deputy-tty.c */
int terminal_open(struct channel *c);
void terminal_frame(struct deputy *d, uint16_t type, struct mig_reader *r);
void terminals_refresh(struct deputy *d);
void terminals_start(struct deputy *d);
/* The body has ended: what it was sent and did not take is for the next reader. */
void terminals_take_back(struct deputy *d);
/* This process was stopped and continued: what was given back before has been read, or is for the body. */
void terminals_resume(struct deputy *d);
void terminal_read(struct channel *c);
void terminal_hung_up(struct channel *c);
/* Applies the changes whose time has come after n more bytes were written. */
void terminal_wrote(struct channel *c, size_t n);

/* deputy-end.c */
void body_stopped(struct deputy *d, const struct mig_stopped *stopped);
/* Stops this process by the signal, returns when it was continued. */
void stop_self(struct deputy *d, int signo);
void body_ended(struct deputy *d, const struct mig_exit *exit);
void keeper_finished(struct deputy *d);
/* Called whenever output was written: goes on with the end when nothing is left to write. */
void try_to_end(struct deputy *d);

#endif
