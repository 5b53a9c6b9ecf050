/*
 * mig-capsule: pid 1 of the namespaces in which the body of a moved process lives.
 *
 *   init (pid 1, this program)            owns everything below: event loop, hull, links, streams, pty master
 *     +- holder (pid = session id)        leader of the session the body believes to be in; its terminal is our pty
 *         +- nanny (pid = parent's pid)   the parent the body believes to have; learns how the body stops and ends
 *             +- criu (comes and goes)
 *             +- body (restored by criu as its own sibling), its children, ...
 *
 * Holder and nanny are stand-ins: they have a number and a place in the process tree, and do what init orders.
 * They are one process when the parent is the session leader, and init plays a part itself when its number is 1.
 * README.md in this folder tells the story; the contract with the agent is the protocol description of home-node-proxy.
 */
#ifndef MIG_CAPSULE_H
#define MIG_CAPSULE_H

#include "link.h"

#include <limits.h>
#include <sys/types.h>
#include <termios.h>

#define MAX_STREAMS 200 /* descriptors criu inherits: FIRST_CRIU_FD .. */
#define MAX_BODIES 4096
#define MAX_STATE (64u << 20) /* exported state of all links */
#define MAX_REPLY 60000       /* text of one reply */
#define FIRST_CRIU_FD 10
#define SWRK_FD 3
#define HELD_FD 5

/* In a capsule with a root of its own: directories of the node that are still needed, by O_PATH descriptors. */
#define RUNDIR_FD 290
#define CRIU_DIR_FD 291
#define CGROUP_FD 292
/* Descriptors are collected above this number before they are put where they belong. */
#define PARKING 300

struct capsule;

/* ---------------------------------------------------------------- standin.c */

enum order_what { ORDER_STANDIN = 1, ORDER_CRIU = 2, ORDER_FOREGROUND = 3, ORDER_BIRTH = 4 };

enum order_flag {
    ORDER_SIBLING = 1,     /* the new process becomes a child of the parent of whoever carries out the order */
    ORDER_NEW_SESSION = 2, /* setsid() */
    ORDER_HOLD = 4,        /* CRIU: its conversation outlives the agent, see swrk_exec() */
    ORDER_LOADER = 8,      /* CRIU: started by the loader beside it, see swrk_exec() */
};

#define ORDER_OWN_GROUP (-1)

/* Init tells a stand-in (or itself) to make a process or to move the terminal's foreground group. */
struct order {
    uint32_t what, flags;
    int32_t pid;        /* number the new process must get; 0: any */
    int32_t group;      /* process group it enters; its own number or ORDER_OWN_GROUP: makes one; 0: stays in its parent's.  FOREGROUND: the group */
    int32_t tty_index;  /* STANDIN: becomes its controlling terminal, CRIU: becomes its stdin, FOREGROUND: of this one; -1: none */
    int32_t resembled;  /* CRIU: process that will be dumped, see swrk_resemble(); 0: none */
    int32_t control_fd; /* STANDIN: descriptor number in init of its end of the order socket; BIRTH: of the program's description */
    int32_t gate_fd;    /* BIRTH: descriptor number in init of the pipe that tells when the program may begin */
    uint32_t fd_count;  /* CRIU: descriptors in init and the numbers they get in criu; BIRTH: and the streams they are of */
    struct {
        int32_t from, to;
    } fds[MAX_STREAMS];
    char socket[108], token[128], exe[256], directory[256];
};

/* What a stand-in tells without being asked: one of its children stopped, went on or ended. */
struct report {
    int32_t pid, status;
    uint64_t utime_us, stime_us;
    uint64_t maxrss_kb;
};

struct standin {
    pid_t pid;  /* 1: init itself */
    int control; /* our end of its order socket, -1 for init */
};

/*
 * Carries out an order in the calling process. Returns the pid of the new process (0 for FOREGROUND) or -errno.
 * report_fd is what a new stand-in reports to.
 */
int order_carry_out(const struct order *order, int report_fd, bool in_init);
/* Waits for all children that have something to tell and calls back for each. */
void reap(void (*told)(void *owner, const struct report *report), void *owner);
/*
 * Connects to the SEQPACKET socket, sends the token, and replaces the process by `exe swrk 3`. Returns errno on failure.
 * hold: the conversation is not the connection but a pair of sockets of which criu keeps the agent's end open as well; the
 * agent, told `TOKEN\nheld=FD`, fetches it. An agent that crashes then leaves a criu that waits for an answer for ever,
 * instead of one that goes on: at pre-resume a criu that hears nothing lets the restored processes run.
 * loader: neither the loader nor the libraries that exe names can be reached here; those in lib beside it are used.
 */
int swrk_exec(const char *socket_path, const char *token, const char *exe, bool hold, bool loader);
/*
 * Before a dump of pid: where CAP_SYS_RESOURCE is missing, prlimit(2) tells the limits of a process only to those whose real
 * ids are its own, so we take them. The effective ids stay, and with them all that criu may do.
 */
void swrk_resemble(pid_t pid);
/* A duplicate of init's descriptor at or above PARKING, close-on-exec; -1 with errno. */
int standin_fetch(int init_fd, bool in_init);
/* Opens the guest's side of the terminal; -1 with errno. */
int standin_open_slave(int index, int flags);
/* All signals to their default, none blocked. */
void signals_reset(void);
/* stdin, stdout and stderr to /dev/null, except stdin when keep_stdin. */
int stdio_null(bool keep_stdin);

/* ---------------------------------------------------------------- birth.c */

#define MAX_BIRTH 61440 /* bytes of a description */

/*
 * Becomes the program that the order describes: does all that can fail, tells by `outcome` that it is ready, waits until a byte
 * comes through the gate and executes it; a gate that closes without one is its end. Returns errno when it cannot; after it was ready it ends as a shell's child would.
 */
int birth_become(const struct order *order, bool in_init, int outcome);

/* ---------------------------------------------------------------- space.c */

#define MAX_SHARED 32

struct space {
    const char *hostname;
    const char *root;      /* directory that becomes the root; NULL: the node's mounts stay as they are */
    const char *directory; /* the agent's run directory, reached by RUNDIR_FD afterwards */
    const char *criu;      /* directory of CRIU, reached by CRIU_DIR_FD afterwards */
    const char *cgroup;    /* cgroup of the guests, reached by CGROUP_FD afterwards */
    const char *shared[MAX_SHARED]; /* directories of the node to be found under the same names in the root */
    int shared_count;
};

/*
 * Hostname, loopback, private mounts, /proc and /dev/pts of our own; with a root of its own also /sys, /dev and nothing else
 * of the node. Writes what failed into why.
 */
int space_prepare(const struct space *space, char *why, size_t size);
/* Opens the master of the pty with this index; -1 with errno (EBUSY: taken). */
int space_open_pty(int index);

/* ---------------------------------------------------------------- proc.c */

struct proc_stat {
    pid_t pid, ppid, pgrp, session;
    char state;
    int tty_nr;
    int exit_code; /* meaningful for zombies */
};

bool proc_read_stat(pid_t pid, struct proc_stat *stat);
/* Calls visit for every process; visit returns false to end the walk. */
void proc_each(bool (*visit)(void *owner, const struct proc_stat *stat), void *owner);
/* Does the process have a descriptor of this inode? dev 0: any (pipes and sockets have numbers of their own). */
bool proc_has_file(pid_t pid, dev_t dev, ino_t ino);
/* A descriptor number of the process that is this inode, or -1. */
int proc_find_fd(pid_t pid, dev_t dev, ino_t ino);
/*
 * How many bytes do the threads of the process wait for on the inode? Largest read size, 1 for poll and its kin, 0: nobody waits.
 */
uint32_t proc_wanted(pid_t pid, dev_t dev, ino_t ino);

/* ---------------------------------------------------------------- stream.c */

enum kind { KIND_PIPE_IN, KIND_PIPE_OUT, KIND_FILE_OUT, KIND_UNIX, KIND_TTY };

struct stream {
    struct mig_stream base; /* first */
    struct stream *next;
    struct capsule *capsule;
    struct mig_link *link;
    enum kind kind;
    int fd;       /* our end, non-blocking; -1 when over */
    int guest_fd; /* the guest's end, to be inherited by criu; -1 after RESTORED */
    int criu_fd;  /* number of the guest's end in criu */
    dev_t guest_dev;
    ino_t guest_ino;
    bool in_done, out_done;  /* nothing will go to / come from the guest any more */
    bool guest_gone;         /* reading from the guest gave end of file; `late` may still be on its way */
    bool live;               /* after RESTORED and not exported */
    struct mig_bytes early;  /* for the guest, older than base.in */
    struct mig_bytes late;   /* from the guest, not yet sent */
    uint64_t sent, barrier;  /* bytes sent in all; EXIT waits until sent >= barrier */
    struct mig_source source;
};

struct stream *stream_find(const struct capsule *capsule, uint16_t id);
/* Creates the ends. 0 or -errno. */
int stream_create(struct stream *stream, uint32_t flags, uint32_t size);
/* Moves what can be moved, both directions; sets what to watch for. Harmless at any time. */
void stream_pump(struct stream *stream);
void stream_start(struct stream *stream);
/* Stops touching the guest's end; takes what the guest wrote into `late`, what it did not read into `early`. */
void stream_freeze(struct stream *stream);
/* Takes everything that the guest wrote until now into `late` and puts the barrier behind it. */
void stream_drain(struct stream *stream);
/* Sends what `late` holds, as far as home has room for it. */
void stream_send_late(struct stream *stream);
/* Puts the bytes before everything else that waits for the guest; takes them over. */
void stream_put_first(struct stream *stream, struct mig_bytes *bytes);
/* Sends everything that came for the guest but was not read by it home again (terminal, demand). */
void stream_give_back(struct stream *stream);
bool stream_over(const struct stream *stream);
void stream_close(struct stream *stream);
/* Nothing is carried any more. Of a terminal the descriptors stay open. */
void stream_retire(struct stream *stream);
/* Bytes a socket's guest end got but the guest did not read yet; they stay there (pipes and terminals: see stream_freeze). */
void stream_unread(struct stream *stream, struct mig_bytes *out);
/* Does a live process other than `but` have the guest's end open? */
bool stream_in_use(struct stream *stream, pid_t but);

/* ---------------------------------------------------------------- tty.c */

struct tty {
    struct stream *stream; /* fd = master */
    int index;
    int slave; /* kept open: for modes, unread input, and so that the master never hangs up by itself */
    struct mig_tty_mode modes;   /* as last agreed on with home; EXTPROC does not count */
    bool modes_owed;             /* changed by the guest, not yet told */
    bool held_cr;                /* a CR at the end of the output so far, waiting for its LF */
    bool foreground, foreground_known;
    pid_t guest_group;           /* foreground group when home last took the terminal away; 0: the root's */
    struct mig_timer feed_timer; /* looks whether the guest has read its line */
    struct mig_timer cr_timer;
    uint32_t feed_pause;
};

/* Opens the pair, packet mode on. 0 or -errno. */
int tty_open(struct stream *stream, int index);
void tty_start(struct stream *stream);
void tty_pump(struct stream *stream);
void tty_freeze(struct stream *stream);
void tty_drain(struct stream *stream);
void tty_close(struct stream *stream);
void tty_retire(struct stream *stream);
/* Frames TTY_MODE, TTY_SIZE, TTY_FG, TTY_HUP; the payload begins behind the stream number. */
void tty_frame(struct stream *stream, uint16_t type, const uint8_t *payload, size_t len);
/* Takes what the guest did not read yet out of the pty, to the front of the input. */
void tty_take_unread(struct stream *stream);
void tty_set_foreground(struct stream *stream, bool foreground);
void tty_export(const struct stream *stream, struct mig_bytes *out);
bool tty_import(struct stream *stream, struct mig_reader *r);

/* ---------------------------------------------------------------- guest.c */

/* A process with a deputy. */
struct body {
    struct mig_link link; /* first; link.id == pid */
    struct body *next;
    struct capsule *capsule;
    pid_t pid;
    struct mig_source pidfd;
    bool restored;  /* exists here */
    bool reported;  /* its parent is one of us: stops and the end are reported, not looked up */
    int stopped;    /* signal, 0: runs */
    bool stop_owed; /* home does not know yet */
    bool stop_known; /* it was stopped when it came, and home knows; no SIGCONT since */
    unsigned missed; /* ticks that did not find it */
    bool ended, exit_sent, leftovers, finished_sent;
    int status;
    pid_t group;      /* last known process group */
    uint32_t conts;   /* SIGCONTs taken from the link, see struct mig_stopped */
    bool group_told; /* last GROUP sent */
    char trouble[96]; /* why the link broke, empty: it did not */
};

struct body *body_find(const struct capsule *capsule, pid_t pid);
/* Finds or makes the body with its (held) link; NULL: too many. */
struct body *body_get(struct capsule *capsule, pid_t pid);
void body_free(struct body *body);
/* The body is restored: watches over it. 0 or -errno. */
int body_start(struct body *body, int stopped);
/* Sends what is owed: STOPPED, CONTINUED, EXIT, FINISHED. */
void body_progress(struct body *body);
/* What a reaper (init, nanny) learned. */
void guest_report(struct capsule *capsule, const struct report *report);
/* Number of live processes besides init and stand-ins. */
unsigned guest_count(struct capsule *capsule);
bool guest_is(const struct capsule *capsule, const struct proc_stat *stat);
/* No process left, and home has acknowledged all there was to tell? Then says so. */
void guest_check_empty(struct capsule *capsule);
/* Everything that has to be looked at again and again. */
void guest_tick(struct capsule *capsule);
int guest_signal(struct capsule *capsule, pid_t pid, int signo, bool tree);

/* Nobody at home speaks for the body any more: it is killed by the signal, and nobody waits for what home would say. */
int guest_abandon(struct capsule *capsule, pid_t pid, int signo);

/* ---------------------------------------------------------------- capsule.c */

struct capsule {
    struct mig_loop loop;
    struct mig_hull hull;
    struct mig_source children; /* signalfd */
    struct mig_source reports;  /* from stand-ins */
    struct mig_timer tick, demand_tick;
    int report_write;
    int host_fdinfo; /* /proc/self/fdinfo of the node's /proc: tells host pids */
    char id[64], directory[256];
    bool rooted; /* the root is not the node's */
    /* the place of the root in its session; 0 before PREPARE */
    pid_t root, sid, pgid, ppid;
    struct standin holder, nanny;
    pid_t criu[8]; /* running */
    struct stream *streams;
    unsigned stream_count;
    struct tty *tty;
    struct body *bodies;
    int gate; /* gets a byte when the program that was born here may begin; -1: there is none */
    bool prepared, restored, exported;
    bool empty, empty_told; /* no guest left; and home knows everything */
    int64_t demand_pause;
    /* IMPORT under way */
    uint64_t import_seq;
    uint32_t import_length;
    struct mig_bytes import;
};

void capsule_event(struct capsule *capsule, const char *text);
/* Pid of a process of the capsule as the node sees it; 0 when unknown. */
pid_t capsule_host_pid(const struct capsule *capsule, pid_t pid);
/* Gives the order to a stand-in (or does it itself for init). Result of order_carry_out(). */
int capsule_order(struct capsule *capsule, struct standin *who, const struct order *order);
/* Runs init; comes back only when it is to end. */
void capsule_run(struct capsule *capsule, const char *socket_path);
/* Arms the timers that are needed now. */
void capsule_timers(struct capsule *capsule);

/* ---------------------------------------------------------------- command.c, state.c */

void command_take(struct capsule *capsule, const struct mig_frame *frame);
void state_export(struct capsule *capsule, struct mig_bytes *out);
/* NULL, or why not. */
const char *state_import(struct capsule *capsule, const void *data, size_t len);

#endif
