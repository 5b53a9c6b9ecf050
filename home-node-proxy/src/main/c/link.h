/*
 * The common ground of the two ends of a moved process: the deputy at home and the capsule on the host node.
 *
 *   deputy --- hull socket --- agent ~~~ network ~~~ agent --- hull socket --- capsule
 *          <------------------------- link (end to end) ------------------------->
 *
 * A hull (struct mig_hull) is the connection of one endpoint to the agent of its node. It reconnects for ever.
 * A link (struct mig_link) is the reliable conversation of one deputy with the capsule; it outlives connections, agents
 * and, by mig_link_export() and mig_link_import(), even the capsule. Several links may use one hull.
 * A stream (struct mig_stream) is one pipe, terminal or shared file inside a link, with its own flow control.
 *
 * Rules of the house:
 *  - one thread, one event loop (struct mig_loop); no callback is called from another thread or from a signal handler;
 *  - no global state: all of it lives in structures that the caller provides and keeps at a fixed address;
 *  - memory is taken when there is something to keep and given back when it is gone; when there is none, mig_alloc() waits;
 *  - no stdio, no locale: an idle endpoint should stay small;
 *  - nothing that comes from the socket is believed without a bound.
 * README.md in this folder describes the wire format and the conversation.
 */
#ifndef MIG_LINK_H
#define MIG_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---------------------------------------------------------------- wire constants */

#define MIG_PROTOCOL_VERSION 1
#define MIG_HEADER_BYTES 24
#define MIG_MAX_DATA 65536
#define MIG_MAX_PAYLOAD (MIG_MAX_DATA + 64)
#define MIG_WINDOW 65536 /* bytes of one stream and direction that may be on their way or unconsumed */
#define MIG_REPLY 0x8000 /* added to the type of a command to make the type of its reply */

enum mig_type {
    /* hop frames: endpoint and its own agent */
    MIG_HELLO = 1,
    MIG_CONFIG = 2,
    MIG_READY = 3,
    MIG_LINK_UP = 4,
    MIG_LINK_DOWN = 5,
    MIG_STATE = 6,
    MIG_ENDED = 7,
    MIG_EVENT = 8,
    /* commands to a capsule */
    MIG_PREPARE = 32,
    MIG_CRIU = 33,
    MIG_RESTORED = 34,
    MIG_KEYS = 35,
    MIG_EXPORT = 36,
    MIG_IMPORT = 37,
    MIG_RESUME = 38,
    MIG_KILL = 39, /* "SIGNAL" among the commands; another name here because of MIG_SIGNAL below */
    MIG_DESTROY = 40,
    MIG_LIST = 41,
    MIG_BIRTH = 42,
    /* end to end, link control, never numbered; handled inside link.c */
    MIG_ACK = 64,
    MIG_RESYNC = 65,
    /* end to end, numbered, delivered exactly once and in order */
    MIG_FIRST_SEQUENCED = 70,
    MIG_DATA = 70,
    MIG_EOF = 71,
    MIG_CLOSED = 72,
    MIG_WINDOW_MORE = 73, /* "WINDOW" in the protocol; handled inside link.c */
    MIG_SIGNAL = 74,
    MIG_STOPPED = 75,
    MIG_CONTINUED = 76,
    MIG_EXIT = 77,
    MIG_TTY_MODE = 78,
    MIG_TTY_SIZE = 79,
    MIG_TTY_FG = 80,
    MIG_TTY_HUP = 81,
    MIG_TTY_UNREAD = 82,
    MIG_GROUP = 83,
    MIG_FINISHED = 84,
    MIG_LAST_SEQUENCED = 84,
};

/* The 24 bytes before every payload, native little endian. */
struct mig_header {
    uint32_t len;
    uint16_t type;
    uint16_t zero;
    uint32_t link;
    uint32_t zero2;
    uint64_t seq;
};

/* payload of MIG_SIGNAL */
struct mig_signal {
    int32_t signo, code, pid;
    uint32_t uid;
    uint64_t value;
    uint8_t group;
} __attribute__((packed));

/* payload of MIG_STOPPED */
struct mig_stopped {
    int32_t signo;
    /*
     * How many MIG_SIGNAL frames with SIGCONT the capsule had taken on this link when the body stopped. A deputy that has
     * sent more than that knows that this stop is history and that the body is being continued.
     */
    uint32_t conts;
} __attribute__((packed));

/* payload of MIG_TTY_MODE after the stream number; field order of the wire, independent of the C library's struct termios */
struct mig_tty_mode {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19]; /* this is struct termios2 of the kernel: TCGETS2, TCSETS2 */
    uint32_t ispeed, ospeed;
} __attribute__((packed));

/* payload of MIG_TTY_SIZE after the stream number */
struct mig_tty_size {
    uint16_t rows, cols, xpixel, ypixel;
} __attribute__((packed));

/* payload of MIG_EXIT */
struct mig_exit {
    int32_t status;
    uint8_t leftovers;
} __attribute__((packed));

/* ---------------------------------------------------------------- memory, bytes, text (bytes.c) */

/* malloc() that waits (50 ms at a time) when there is no memory: dying would lose the user's process. */
void *mig_alloc(size_t size);

/* A queue of bytes; empty = all zero = no memory. */
struct mig_bytes {
    uint8_t *data; /* allocation; the content is data[off] .. data[off + len - 1] */
    size_t off, len, cap;
};

static inline uint8_t *mig_bytes_at(const struct mig_bytes *b)
{
    return b->data + b->off;
}

/* Appends; data == NULL appends zeroes. Returns the address of the first appended byte (valid until the next change). */
uint8_t *mig_bytes_add(struct mig_bytes *b, const void *data, size_t len);
/* Drops len bytes (at most what is there) from the front; frees the memory when nothing is left. */
void mig_bytes_drop(struct mig_bytes *b, size_t len);
void mig_bytes_free(struct mig_bytes *b);
void mig_bytes_u8(struct mig_bytes *b, uint8_t v);
void mig_bytes_u16(struct mig_bytes *b, uint16_t v);
void mig_bytes_u32(struct mig_bytes *b, uint32_t v);
void mig_bytes_u64(struct mig_bytes *b, uint64_t v);
/* Text building: appends a C string, a decimal number, a hexadecimal number (no 0x). */
void mig_bytes_text(struct mig_bytes *b, const char *text);
void mig_bytes_number(struct mig_bytes *b, int64_t v);
void mig_bytes_hex(struct mig_bytes *b, uint64_t v);

/* Reads numbers from a piece of memory. Reading over the end sets bad and yields 0 for ever after. */
struct mig_reader {
    const uint8_t *at, *end;
    bool bad;
};

struct mig_reader mig_reader_of(const void *data, size_t len);
uint8_t mig_read_u8(struct mig_reader *r);
uint16_t mig_read_u16(struct mig_reader *r);
uint32_t mig_read_u32(struct mig_reader *r);
uint64_t mig_read_u64(struct mig_reader *r);
/* The next len bytes in place, or NULL (and bad). */
const uint8_t *mig_read_raw(struct mig_reader *r, size_t len);
static inline size_t mig_reader_left(const struct mig_reader *r)
{
    return (size_t)(r->end - r->at);
}

/* A piece of text inside a buffer, not terminated. at == NULL means "absent". */
struct mig_span {
    const char *at;
    size_t len;
};

/* Takes the next line (without its newline) out of *rest; false when *rest is empty. */
bool mig_text_line(struct mig_span *rest, struct mig_span *line);
/* The value of `key=value` among the words of a line (separated by blanks); absent when there is none. */
struct mig_span mig_text_value(struct mig_span line, const char *key);
/* What follows `key=` when the line begins with it, up to the end of the line including blanks; else absent. */
struct mig_span mig_text_rest(struct mig_span line, const char *key);
/* Does the span equal the string? */
bool mig_text_is(struct mig_span s, const char *text);
/* Does the comma separated list in the span contain the word? */
bool mig_text_has(struct mig_span list, const char *word);
/* Decimal number with optional sign that fills the whole span. */
bool mig_text_number(struct mig_span s, int64_t *value);
/* Takes the next element of a comma separated list out of *rest; false at the end. */
bool mig_text_element(struct mig_span *rest, struct mig_span *element);
/* Copies into a zero terminated buffer; false (and an empty string) when it does not fit or contains a zero byte. */
bool mig_text_copy(struct mig_span s, char *buffer, size_t size);

/* ---------------------------------------------------------------- event loop (loop.c) */

/* One descriptor in the loop. Zero it, then fill in fd, ready and owner before the first mig_watch(). */
struct mig_source {
    int fd;
    bool added;
    uint32_t events;
    void (*ready)(struct mig_source *source, uint32_t events);
    void *owner;
};

/* One alarm. Zero it, then fill in fire and owner. */
struct mig_timer {
    struct mig_timer *next;
    bool armed;
    int64_t due; /* mig_now() at which it fires */
    void (*fire)(struct mig_timer *timer);
    void *owner;
};

struct mig_loop {
    int epoll;
    bool stop; /* set by anybody: mig_loop_run() returns after the current callback */
    struct mig_timer *timers; /* sorted by due */
    struct mig_source *pending[8]; /* of the batch in hand; mig_unwatch() takes itself out */
};

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t mig_now(void);
/* 0, or -1 with errno. */
int mig_loop_open(struct mig_loop *loop);
void mig_loop_close(struct mig_loop *loop);
/* Runs callbacks until stop is set. */
void mig_loop_run(struct mig_loop *loop);
/* Waits at most max_ms (-1: until something happens) and runs what is due, once. */
void mig_loop_once(struct mig_loop *loop, int max_ms);
/*
 * Watches source->fd for the given EPOLL* events, level triggered; replaces what was watched before. events == 0 still
 * reports EPOLLERR and EPOLLHUP: to be left in peace by a descriptor that hung up use mig_unwatch().
 * Returns 0, or -1 with errno (EPERM: a regular file, always ready, cannot be watched).
 */
int mig_watch(struct mig_loop *loop, struct mig_source *source, uint32_t events);
/* Must be called before the descriptor is closed (other processes may hold the same open file). Harmless when not watched. */
void mig_unwatch(struct mig_loop *loop, struct mig_source *source);
/* (Re)arms the timer to fire once, after_ms from now. */
void mig_timer_set(struct mig_loop *loop, struct mig_timer *timer, int64_t after_ms);
void mig_timer_cancel(struct mig_loop *loop, struct mig_timer *timer);

/* ---------------------------------------------------------------- hull: connection to the agent (hull.c) */

struct mig_hull;
struct mig_link;

/* A whole frame, header and payload, shared by the retransmit queue of a link and the hull. Private to hull.c and link.c. */
struct mig_packet {
    struct mig_packet *next;
    uint32_t refs;
    uint32_t size; /* bytes[] */
    uint8_t bytes[];
};

/* A frame that came in; payload is valid during the callback. */
struct mig_frame {
    uint16_t type;
    uint32_t link;
    uint64_t seq;
    const uint8_t *payload;
    uint32_t len;
};

struct mig_hull_calls {
    /* Connection made: send HELLO here with mig_hull_send(). */
    void (*connected)(struct mig_hull *hull);
    /* A hop frame. LINK_UP and LINK_DOWN come here too, after the link (if known) was told. */
    void (*frame)(struct mig_hull *hull, const struct mig_frame *frame);
    /* Connection lost (not called for failed attempts); hop frames not yet sent are forgotten. A new attempt is on its way. May be NULL. */
    void (*gone)(struct mig_hull *hull);
};

struct mig_hull {
    /* set by the caller before mig_hull_open() */
    struct mig_loop *loop;
    const char *path;
    const struct mig_hull_calls *calls;
    void *owner;
    /* private */
    struct mig_source source;
    struct mig_timer timer; /* next attempt, or "clean up a broken connection" */
    uint32_t backoff;
    bool connected, broken, pumping;
    uint32_t generation; /* counts connections: tells a callback that closed it under its own feet */
    uint8_t head[MIG_HEADER_BYTES];
    uint32_t have; /* bytes of the incoming frame so far, header included */
    uint8_t *body;
    struct mig_packet *sending; /* partly written */
    uint32_t sent;
    struct mig_packet *queue, *queue_last;
    struct mig_link *links, *turn;
};

/* Starts connecting (first attempt at once, then after 50 ms doubling up to 1 s, for ever). */
void mig_hull_open(struct mig_hull *hull);
/* Closes and stops connecting; links stay attached and keep their state. */
void mig_hull_close(struct mig_hull *hull);
/* Drops the connection, if any, and connects anew (the answer to a peer that talks nonsense). */
void mig_hull_reconnect(struct mig_hull *hull);
/* Queues a hop frame; dropped when not connected. len <= MIG_MAX_PAYLOAD. */
void mig_hull_send(struct mig_hull *hull, uint16_t type, uint32_t link, uint64_t seq, const void *payload, size_t len);
/* Is there something not yet handed to the kernel (hop frames, or frames of links that are up)? */
bool mig_hull_busy(const struct mig_hull *hull);
/* Blocks until everything was handed to the kernel, the connection is lost or max_ms have passed. For last words before exit. */
void mig_hull_flush(struct mig_hull *hull, int max_ms);

/* ---------------------------------------------------------------- link: reliable conversation (link.c) */

enum mig_stream_flag {
    MIG_STREAM_DEMAND = 1, /* window starts at 0; the consumer grants by mig_stream_grant() only */
};

/*
 * One stream of a link; embed it where the descriptor lives. Both directions; a pipe uses one of them.
 * Sending: at most `credit` bytes may be sent now. Receiving: DATA is put into `in` by link.c before the data callback;
 * whoever takes bytes out of `in` calls mig_stream_consumed(), which opens the peer's window again.
 */
struct mig_stream {
    struct mig_stream *next;
    uint16_t id;
    uint8_t flags;
    bool eof_sent, eof_received;       /* MIG_EOF went out / came in */
    bool closed_sent, closed_received; /* MIG_CLOSED went out / came in */
    uint32_t credit;                   /* bytes we may still send */
    uint32_t unreported;               /* consumed by us, not yet told to the peer */
    uint32_t granted;                  /* bytes the peer may still send: bound for what we accept */
    struct mig_bytes in;               /* received, not yet consumed */
    void *owner;
};

struct mig_link_calls {
    /* New bytes in stream->in, or eof_received / closed_received became true. */
    void (*stream)(struct mig_link *link, struct mig_stream *stream);
    /* The peer opened the window: stream->credit grew. */
    void (*window)(struct mig_link *link, struct mig_stream *stream);
    /* Any other sequenced frame (SIGNAL .. FINISHED). The length is not yet checked. */
    void (*frame)(struct mig_link *link, uint16_t type, const uint8_t *payload, size_t len);
    /* Route up or down. May be NULL. */
    void (*route)(struct mig_link *link, bool up);
    /* The peer broke the rules (text says how); the link is dead: it takes and sends nothing any more. May be NULL. */
    void (*broken)(struct mig_link *link, const char *why);
};

struct mig_link {
    /* set by the caller before mig_link_attach() */
    uint32_t id; /* home pid of the deputy */
    const struct mig_link_calls *calls;
    void *owner;
    /* private */
    struct mig_link *next;
    struct mig_hull *hull;
    bool up, held, dead;
    bool await;                   /* do not send numbered frames before the peer's RESYNC tells from where */
    bool ack_due;                 /* next thing to send */
    bool resync_due, resync_asks; /* same */
    uint64_t out_next, in_next;   /* next number to give, next number expected */
    struct mig_packet *unacked, *unacked_last, *unsent;
    uint32_t waiting;                 /* frames in unacked; readable by the owner, who may want to post less when it grows */
    uint32_t owed_frames, owed_bytes; /* arrived, not yet acknowledged */
    uint32_t patience;                /* ms until silence means "lost" */
    int64_t gap_told;                 /* when we last complained about a gap */
    struct mig_timer ack_timer, lost_timer;
    struct mig_stream *streams;
};

/* Adds a (zeroed and filled in) link to a hull; nothing is sent before LINK_UP for it arrives. */
void mig_link_attach(struct mig_hull *hull, struct mig_link *link);
/* Takes it out and frees everything it holds, including stream->in of its streams (the stream structures stay the caller's). */
void mig_link_detach(struct mig_link *link);
struct mig_link *mig_hull_link(const struct mig_hull *hull, uint32_t id);

/* The other side is gone for good: the link is dead, and what was not acknowledged never will be. */
void mig_link_abandon(struct mig_link *link);

/* Queues a numbered frame of up to two parts. It is kept until acknowledged, over any number of connections. */
void mig_link_post(struct mig_link *link, uint16_t type, const void *head, size_t head_len, const void *data, size_t len);
/*
 * Exchanges with the peer what has arrived and what has not. Happens by itself on LINK_UP and after silence; an endpoint
 * that did not run for a while (stopped by a signal) calls it when it runs again.
 */
void mig_link_resync(struct mig_link *link);
/* Is everything posted so far acknowledged by the peer? */
static inline bool mig_link_settled(const struct mig_link *link)
{
    return link->unacked == NULL;
}
/* Appends the bytes of a stream that were sent and are not acknowledged: the peer has not taken them, as far as we know. */
void mig_link_unacked_data(const struct mig_link *link, uint16_t stream, struct mig_bytes *out);
/*
 * held = true: the link neither sends nor takes anything (what comes is dropped, to be sent again later): for EXPORT.
 * Posting is still possible. held = false: goes on, asking the peer to resend.
 */
void mig_link_hold(struct mig_link *link, bool held);

/* Registers a stream (zeroed, id, flags and owner filled in); its windows are set to their initial values. */
void mig_stream_add(struct mig_link *link, struct mig_stream *stream);
void mig_stream_remove(struct mig_link *link, struct mig_stream *stream);
struct mig_stream *mig_stream_find(const struct mig_link *link, uint16_t id);
/* How many bytes may be sent now (0 after EOF was sent or CLOSED received). */
uint32_t mig_stream_room(const struct mig_stream *stream);
/* Sends len <= mig_stream_room() bytes as one or more DATA frames. */
void mig_stream_send(struct mig_link *link, struct mig_stream *stream, const void *data, size_t len);
/* Tells the peer that no more will come / that nobody reads here any more. Each at most once, later calls do nothing. */
void mig_stream_send_eof(struct mig_link *link, struct mig_stream *stream);
void mig_stream_send_closed(struct mig_link *link, struct mig_stream *stream);
/* Drops n bytes from the front of stream->in, they are delivered; opens the peer's window in good time (not for DEMAND). */
void mig_stream_consumed(struct mig_link *link, struct mig_stream *stream, size_t n);
/* DEMAND: lets the peer send n bytes more (total never above MIG_WINDOW). */
void mig_stream_grant(struct mig_link *link, struct mig_stream *stream, uint32_t n);

/*
 * Complete state of a link and its streams, appended to out. The link should be held before. The length is part of the
 * format, so several links may follow each other.
 */
void mig_link_export(const struct mig_link *link, struct mig_bytes *out);
/* The link id of the exported state that r stands before, without consuming it; 0 when there is none. */
uint32_t mig_link_import_id(const struct mig_reader *r);
/*
 * Takes over an exported state into an attached link with the same id, whose streams are already added (same ids) and
 * which was never up. Streams in the state that are not added are an error unless they are finished in both directions.
 * false: nothing usable was there (bounds, version, unknown stream); the link is dead then.
 */
bool mig_link_import(struct mig_link *link, struct mig_reader *r);

/* ---------------------------------------------------------------- between hull.c and link.c */

struct mig_packet *mig_packet_new(uint16_t type, uint32_t link, uint64_t seq, const void *head, size_t head_len,
                                  const void *data, size_t len);
void mig_packet_release(struct mig_packet *packet);
void mig_hull_pump(struct mig_hull *hull);
/* The next packet the link wants to send (with a reference for the caller), or NULL. */
struct mig_packet *mig_link_next_packet(struct mig_link *link);
bool mig_link_wants(const struct mig_link *link);
void mig_link_receive(struct mig_link *link, const struct mig_frame *frame);
void mig_link_route(struct mig_link *link, bool up);

#endif
