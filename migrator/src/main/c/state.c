/*
 * The state of a capsule that travels with its guests: links, streams, what is on its way in either direction.
 *
 *   u32 magic, u32 format, u32 bodies, u32 streams
 *   streams: u16 id, u8 kind, u8 bits, u32 link, u64 sent, u64 barrier, u32 early, bytes, u32 late, bytes, [tty]
 *   bodies:  u32 pid, u8 bits, u8 stopped, i32 status, u32 group, u32 conts, link state (mig_link_export)
 */
#define _GNU_SOURCE
#include "capsule.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0x5350434du /* "MCPS" */
#define FORMAT 1
#define MAX_QUEUE (8u << 20)

enum { STREAM_OVER = 1, STREAM_GUEST_GONE = 2 };
enum { BODY_ENDED = 1, BODY_EXIT_SENT = 2, BODY_LEFTOVERS = 4, BODY_FINISHED = 8, BODY_GROUP = 16, BODY_STOP_OWED = 32 };

static void add_queue(struct mig_bytes *out, const struct mig_bytes *queue)
{
    mig_bytes_u32(out, (uint32_t)queue->len);
    if (queue->len > 0)
        mig_bytes_add(out, mig_bytes_at(queue), queue->len);
}

static void export_stream(struct stream *stream, struct mig_bytes *out)
{
    struct mig_bytes early = {0};

    mig_bytes_u16(out, stream->base.id);
    mig_bytes_u8(out, (uint8_t)stream->kind);
    mig_bytes_u8(out, (uint8_t)((stream_over(stream) ? STREAM_OVER : 0) | (stream->guest_gone ? STREAM_GUEST_GONE : 0)));
    mig_bytes_u32(out, stream->link->id);
    mig_bytes_u64(out, stream->sent);
    mig_bytes_u64(out, stream->barrier);
    if (!stream_over(stream))
        stream_unread(stream, &early);
    if (stream->early.len > 0)
        mig_bytes_add(&early, mig_bytes_at(&stream->early), stream->early.len);
    add_queue(out, &early);
    mig_bytes_free(&early);
    add_queue(out, &stream->late);
    if (stream->kind == KIND_TTY)
        tty_export(stream, out);
}

static void export_body(const struct body *body, struct mig_bytes *out)
{
    mig_bytes_u32(out, (uint32_t)body->pid);
    mig_bytes_u8(out, (uint8_t)((body->ended ? BODY_ENDED : 0) | (body->exit_sent ? BODY_EXIT_SENT : 0)
                                | (body->leftovers ? BODY_LEFTOVERS : 0) | (body->finished_sent ? BODY_FINISHED : 0)
                                | (body->group_told ? BODY_GROUP : 0) | (body->stop_owed ? BODY_STOP_OWED : 0)));
    mig_bytes_u8(out, (uint8_t)body->stopped);
    mig_bytes_u32(out, (uint32_t)body->status);
    mig_bytes_u32(out, (uint32_t)body->group);
    mig_bytes_u32(out, body->conts);
    mig_link_export(&body->link, out);
}

void state_export(struct capsule *capsule, struct mig_bytes *out)
{
    struct stream *stream;
    struct body *body;
    uint32_t streams = 0, bodies = 0;

    for (stream = capsule->streams; stream != NULL; stream = stream->next)
        streams++;
    for (body = capsule->bodies; body != NULL; body = body->next)
        bodies++;
    mig_bytes_u32(out, MAGIC);
    mig_bytes_u32(out, FORMAT);
    mig_bytes_u32(out, bodies);
    mig_bytes_u32(out, streams);
    for (stream = capsule->streams; stream != NULL; stream = stream->next)
        export_stream(stream, out);
    for (body = capsule->bodies; body != NULL; body = body->next)
        export_body(body, out);
}

static bool take_queue(struct mig_reader *r, struct mig_bytes *queue)
{
    uint32_t len = mig_read_u32(r);
    const uint8_t *bytes = len <= MAX_QUEUE ? mig_read_raw(r, len) : NULL;

    if (bytes == NULL || r->bad)
        return len == 0 && !r->bad;
    if (len > 0)
        mig_bytes_add(queue, bytes, len);
    return true;
}

/* A stream that nobody in the tree uses any more: only its place in the link is kept. */
static struct stream *finished_stream(struct capsule *capsule, struct body *body, uint16_t id, enum kind kind)
{
    struct stream *stream = mig_alloc(sizeof *stream);

    memset(stream, 0, sizeof *stream);
    stream->capsule = capsule;
    stream->link = &body->link;
    stream->kind = kind == KIND_TTY ? KIND_UNIX : kind; /* there is no terminal behind it */
    stream->base.id = id;
    stream->base.owner = stream;
    stream->fd = -1;
    stream->guest_fd = -1;
    stream->in_done = true;
    stream->out_done = true;
    stream->next = capsule->streams;
    capsule->streams = stream;
    capsule->stream_count++;
    mig_stream_add(&body->link, &stream->base);
    return stream;
}

static const char *import_stream(struct capsule *capsule, struct mig_reader *r)
{
    uint16_t id = mig_read_u16(r);
    uint8_t kind = mig_read_u8(r), bits = mig_read_u8(r);
    pid_t link = (pid_t)mig_read_u32(r);
    uint64_t sent = mig_read_u64(r), barrier = mig_read_u64(r);
    struct stream *stream = stream_find(capsule, id);
    struct body *body;
    struct mig_bytes unused = {0};
    struct mig_reader peek;

    if (r->bad || kind > KIND_TTY)
        return "the state is damaged (stream)";
    body = body_get(capsule, link);
    if (body == NULL)
        return "too many links";
    if (stream == NULL && (bits & STREAM_OVER))
        stream = finished_stream(capsule, body, id, kind);
    if (stream == NULL)
        return "a stream in the state was not prepared";
    if (stream->link != &body->link || (stream->kind != (enum kind)kind && !(bits & STREAM_OVER)))
        return "a stream in the state has another kind or link than the prepared one";
    stream->sent = sent;
    stream->barrier = barrier;
    if (!take_queue(r, bits & STREAM_OVER ? &unused : &stream->early))
        return "the state is damaged (input)";
    if (!take_queue(r, bits & STREAM_OVER ? &unused : &stream->late))
        return "the state is damaged (output)";
    mig_bytes_free(&unused);
    stream->guest_gone = (bits & STREAM_GUEST_GONE) != 0;
    if (bits & STREAM_OVER) {
        if (stream->kind != KIND_TTY) /* it ended after it was prepared */
            stream_close(stream);
        stream->in_done = true;
        stream->out_done = true;
    }
    if (kind != KIND_TTY)
        return NULL;
    if (stream->kind == KIND_TTY)
        return tty_import(stream, r) ? NULL : "the state is damaged (terminal)";
    peek = *r;
    return mig_read_raw(r, sizeof(struct mig_tty_mode) + 1 + 4 + 8) != NULL && !peek.bad ? NULL : "the state is damaged";
}

static const char *import_body(struct capsule *capsule, struct mig_reader *r)
{
    struct body *body = body_get(capsule, (pid_t)mig_read_u32(r));
    uint8_t bits = mig_read_u8(r);

    if (r->bad || body == NULL)
        return "the state is damaged (body)";
    body->ended = bits & BODY_ENDED;
    body->exit_sent = bits & BODY_EXIT_SENT;
    body->leftovers = bits & BODY_LEFTOVERS;
    body->finished_sent = bits & BODY_FINISHED;
    body->group_told = bits & BODY_GROUP;
    body->stop_owed = bits & BODY_STOP_OWED;
    body->stopped = mig_read_u8(r);
    body->status = (int)mig_read_u32(r);
    body->group = (pid_t)mig_read_u32(r);
    body->conts = mig_read_u32(r);
    body->restored = body->ended; /* one that has ended will not be among the restored pids */
    return !r->bad && mig_link_import(&body->link, r) ? NULL : "the state of a link is damaged or does not fit";
}

const char *state_import(struct capsule *capsule, const void *data, size_t len)
{
    struct mig_reader r = mig_reader_of(data, len);
    uint32_t magic = mig_read_u32(&r), format = mig_read_u32(&r);
    uint32_t bodies = mig_read_u32(&r), streams = mig_read_u32(&r);
    const char *why = NULL;

    if (r.bad || magic != MAGIC || format != FORMAT)
        return "this is no state of a capsule of this version";
    if (bodies > MAX_BODIES || streams > MAX_STREAMS)
        return "the state is out of bounds";
    while (why == NULL && streams-- > 0)
        why = import_stream(capsule, &r);
    while (why == NULL && bodies-- > 0)
        why = import_body(capsule, &r);
    if (why == NULL && mig_reader_left(&r) != 0)
        why = "there is more behind the state than belongs to it";
    return why;
}
