/* The reliable conversation between a deputy and the capsule: numbering, acknowledgement, repetition, windows. */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#define ACK_FRAMES 16
#define ACK_BYTES 32768
#define ACK_IDLE_MS 5
#define GAP_PAUSE_MS 50
#define AWAIT_MS 300
#define FIRST_PATIENCE_MS 500
/* A deputy may be stopped for days: questions to it must not pile up on the way. */
#define LAST_PATIENCE_MS 3600000
/* Consumed bytes are reported in steps of this size: the peer always keeps at least half a window. */
#define WINDOW_STEP (MIG_WINDOW / 4)
#define STATE_MAGIC 0x314b4e4cu /* "LNK1" */
#define STREAM_MAX_DATA 32768

static void end_link(struct mig_link *link)
{
    link->dead = true;
    mig_timer_cancel(link->hull->loop, &link->ack_timer);
    mig_timer_cancel(link->hull->loop, &link->lost_timer);
}

static void kill_link(struct mig_link *link, const char *why)
{
    if (link->dead)
        return;
    end_link(link);
    if (link->calls->broken != NULL)
        link->calls->broken(link, why);
}

static bool may_send(const struct mig_link *link)
{
    return link->up && !link->held && !link->dead;
}

/* While something is unacknowledged a timer watches over it: the last frame of a burst may get lost as any other. */
static void watch_unacked(struct mig_link *link)
{
    if (link->unacked == NULL || !may_send(link))
        mig_timer_cancel(link->hull->loop, &link->lost_timer);
    else if (!link->lost_timer.armed)
        mig_timer_set(link->hull->loop, &link->lost_timer, link->patience);
}

/* Silence: ask what the peer has got. Sending blindly again would flood a peer that is merely stopped. */
static void nothing_heard(struct mig_timer *timer)
{
    struct mig_link *link = timer->owner;

    if (!may_send(link))
        return;
    link->resync_due = true;
    link->resync_asks = true;
    link->patience = link->patience * 2 > LAST_PATIENCE_MS ? LAST_PATIENCE_MS : link->patience * 2;
    watch_unacked(link);
    mig_hull_pump(link->hull);
}

static void ack_is_due(struct mig_timer *timer)
{
    struct mig_link *link = timer->owner;

    link->ack_due = link->owed_frames > 0;
    mig_hull_pump(link->hull);
}

/* ---------------------------------------------------------------- attach, detach, route */

void mig_link_attach(struct mig_hull *hull, struct mig_link *link)
{
    link->hull = hull;
    link->out_next = 1;
    link->in_next = 1;
    link->patience = FIRST_PATIENCE_MS;
    link->gap_told = -GAP_PAUSE_MS;
    link->ack_timer = (struct mig_timer){.fire = ack_is_due, .owner = link};
    link->lost_timer = (struct mig_timer){.fire = nothing_heard, .owner = link};
    link->next = hull->links;
    hull->links = link;
}

static void drop_acked(struct mig_link *link, uint64_t upto)
{
    struct mig_packet *p;

    while ((p = link->unacked) != NULL) {
        struct mig_header header;

        memcpy(&header, p->bytes, sizeof header);
        if (header.seq > upto)
            break;
        if (link->unsent == p)
            link->unsent = p->next;
        link->unacked = p->next;
        link->waiting--;
        mig_packet_release(p);
        link->patience = FIRST_PATIENCE_MS;
        mig_timer_cancel(link->hull->loop, &link->lost_timer);
    }
    watch_unacked(link);
}

void mig_link_detach(struct mig_link *link)
{
    struct mig_hull *hull = link->hull;
    struct mig_link **at;

    for (at = &hull->links; *at != NULL; at = &(*at)->next) {
        if (*at == link) {
            *at = link->next;
            break;
        }
    }
    if (hull->turn == link)
        hull->turn = NULL;
    end_link(link);
    drop_acked(link, UINT64_MAX);
    while (link->streams != NULL)
        mig_stream_remove(link, link->streams);
}

struct mig_link *mig_hull_link(const struct mig_hull *hull, uint32_t id)
{
    struct mig_link *link = hull->links;

    while (link != NULL && link->id != id)
        link = link->next;
    return link;
}

void mig_link_abandon(struct mig_link *link)
{
    if (link->dead)
        return;
    end_link(link);
    drop_acked(link, UINT64_MAX);
}

void mig_link_resync(struct mig_link *link)
{
    if (!may_send(link))
        return;
    link->await = link->unacked != NULL;
    link->resync_due = true;
    link->resync_asks = true;
    link->ack_due = false;
    link->patience = FIRST_PATIENCE_MS;
    mig_timer_cancel(link->hull->loop, &link->lost_timer);
    if (link->await)
        mig_timer_set(link->hull->loop, &link->lost_timer, AWAIT_MS);
    mig_hull_pump(link->hull);
}

void mig_link_route(struct mig_link *link, bool up)
{
    if (link->dead)
        return;
    link->up = up;
    if (may_send(link))
        mig_link_resync(link);
    else
        watch_unacked(link);
    if (link->calls->route != NULL)
        link->calls->route(link, up);
}

void mig_link_hold(struct mig_link *link, bool held)
{
    if (link->held == held || link->dead)
        return;
    link->held = held;
    if (may_send(link))
        mig_link_resync(link);
    else
        watch_unacked(link);
}

/* ---------------------------------------------------------------- out */

void mig_link_post(struct mig_link *link, uint16_t type, const void *head, size_t head_len, const void *data, size_t len)
{
    struct mig_packet *p;

    if (link->dead)
        return;
    p = mig_packet_new(type, link->id, link->out_next++, head, head_len, data, len);
    if (link->unacked == NULL)
        link->unacked = p;
    else
        link->unacked_last->next = p;
    link->unacked_last = p;
    link->waiting++;
    if (link->unsent == NULL)
        link->unsent = p;
    /* The deputy takes back what the body has not got when it ends: it must know exactly what that is. */
    if (type == MIG_EXIT && link->owed_frames > 0)
        link->ack_due = true;
    watch_unacked(link);
    mig_hull_pump(link->hull);
}

void mig_link_unacked_data(const struct mig_link *link, uint16_t stream, struct mig_bytes *out)
{
    for (const struct mig_packet *p = link->unacked; p != NULL; p = p->next) {
        struct mig_reader r = mig_reader_of(p->bytes, p->size);
        struct mig_header header;

        memcpy(&header, p->bytes, sizeof header);
        mig_read_raw(&r, sizeof header);
        if (header.type == MIG_DATA && mig_read_u16(&r) == stream)
            mig_bytes_add(out, r.at, mig_reader_left(&r));
    }
}

bool mig_link_wants(const struct mig_link *link)
{
    return may_send(link) && (link->resync_due || link->ack_due || (link->unsent != NULL && !link->await));
}

struct mig_packet *mig_link_next_packet(struct mig_link *link)
{
    struct mig_packet *p;

    if (!mig_link_wants(link))
        return NULL;
    if (link->resync_due) {
        uint8_t ask = link->resync_asks;
        uint64_t next = link->in_next;

        link->resync_due = false;
        link->resync_asks = false;
        return mig_packet_new(MIG_RESYNC, link->id, 0, &next, sizeof next, &ask, sizeof ask);
    }
    if (link->ack_due) {
        uint64_t upto = link->in_next - 1;

        link->ack_due = false;
        link->owed_frames = 0;
        link->owed_bytes = 0;
        mig_timer_cancel(link->hull->loop, &link->ack_timer);
        return mig_packet_new(MIG_ACK, link->id, 0, &upto, sizeof upto, NULL, 0);
    }
    p = link->unsent;
    link->unsent = p->next;
    p->refs++;
    return p;
}

/* ---------------------------------------------------------------- in */

static void owe_ack(struct mig_link *link, uint32_t bytes)
{
    link->owed_frames++;
    link->owed_bytes += bytes;
    if (link->owed_frames >= ACK_FRAMES || link->owed_bytes >= ACK_BYTES) {
        link->ack_due = true;
        mig_hull_pump(link->hull);
    } else if (!link->ack_timer.armed) {
        mig_timer_set(link->hull->loop, &link->ack_timer, ACK_IDLE_MS);
    }
}

static void take_control(struct mig_link *link, const struct mig_frame *frame)
{
    struct mig_reader r = mig_reader_of(frame->payload, frame->len);
    uint64_t number = mig_read_u64(&r);
    bool resync = frame->type == MIG_RESYNC;
    bool asks = resync && mig_reader_left(&r) > 0 && mig_read_u8(&r) != 0;

    if (r.bad || (resync ? number == 0 || number > link->out_next : number >= link->out_next)) {
        kill_link(link, "peer speaks of frames that were never sent");
        return;
    }
    link->patience = FIRST_PATIENCE_MS;
    drop_acked(link, resync ? number - 1 : number);
    if (!resync)
        return;
    /* A late one from a former route may want frames that were acknowledged since: there is nothing to send for those. */
    link->unsent = link->unacked;
    link->await = false;
    if (asks)
        link->resync_due = true;
    mig_timer_cancel(link->hull->loop, &link->lost_timer);
    watch_unacked(link);
    mig_hull_pump(link->hull);
}

static void take_stream_frame(struct mig_link *link, const struct mig_frame *frame)
{
    struct mig_reader r = mig_reader_of(frame->payload, frame->len);
    struct mig_stream *stream = mig_stream_find(link, mig_read_u16(&r));
    uint32_t n;

    if (r.bad) {
        kill_link(link, "stream frame without a stream number");
        return;
    }
    if (stream == NULL)
        return; /* a stream that is over on this side */
    switch (frame->type) {
    case MIG_DATA:
        n = (uint32_t)mig_reader_left(&r);
        if (n > stream->granted || stream->eof_received) {
            kill_link(link, "more data than the window allows");
            return;
        }
        stream->granted -= n;
        mig_bytes_add(&stream->in, r.at, n);
        break;
    case MIG_EOF:
        stream->eof_received = true;
        break;
    case MIG_CLOSED:
        stream->closed_received = true;
        break;
    case MIG_WINDOW_MORE:
        n = mig_read_u32(&r);
        if (r.bad || n > MIG_WINDOW - stream->credit) {
            kill_link(link, "window opened too far");
            return;
        }
        stream->credit += n;
        link->calls->window(link, stream);
        return;
    }
    link->calls->stream(link, stream);
}

void mig_link_receive(struct mig_link *link, const struct mig_frame *frame)
{
    if (link->dead || link->held)
        return;
    if (frame->type == MIG_ACK || frame->type == MIG_RESYNC) {
        take_control(link, frame);
        return;
    }
    if (frame->seq < link->in_next) {
        /* Known already (or seq 0, nonsense): the acknowledgement must have been lost. */
        link->ack_due = true;
        mig_hull_pump(link->hull);
        return;
    }
    if (frame->seq > link->in_next) {
        int64_t now = mig_now();

        if (now - link->gap_told >= GAP_PAUSE_MS) {
            link->gap_told = now;
            link->resync_due = true;
            mig_hull_pump(link->hull);
        }
        return;
    }
    link->in_next++;
    /* Whatever the callbacks post is sent behind the acknowledgement that covers this frame or before it, both are fine. */
    owe_ack(link, frame->len);
    if (frame->type >= MIG_DATA && frame->type <= MIG_WINDOW_MORE)
        take_stream_frame(link, frame);
    else if (frame->type >= MIG_FIRST_SEQUENCED)
        link->calls->frame(link, frame->type, frame->payload, frame->len);
}

/* ---------------------------------------------------------------- streams */

void mig_stream_add(struct mig_link *link, struct mig_stream *stream)
{
    stream->credit = stream->flags & MIG_STREAM_DEMAND ? 0 : MIG_WINDOW;
    stream->granted = stream->credit;
    stream->next = link->streams;
    link->streams = stream;
}

void mig_stream_remove(struct mig_link *link, struct mig_stream *stream)
{
    struct mig_stream **at;

    for (at = &link->streams; *at != NULL; at = &(*at)->next) {
        if (*at == stream) {
            *at = stream->next;
            break;
        }
    }
    mig_bytes_free(&stream->in);
}

struct mig_stream *mig_stream_find(const struct mig_link *link, uint16_t id)
{
    struct mig_stream *stream = link->streams;

    while (stream != NULL && stream->id != id)
        stream = stream->next;
    return stream;
}

uint32_t mig_stream_room(const struct mig_stream *stream)
{
    return stream->eof_sent || stream->closed_received ? 0 : stream->credit;
}

void mig_stream_send(struct mig_link *link, struct mig_stream *stream, const void *data, size_t len)
{
    const uint8_t *at = data;

    if (len > mig_stream_room(stream))
        len = mig_stream_room(stream);
    while (len > 0) {
        size_t n = len > STREAM_MAX_DATA ? STREAM_MAX_DATA : len;

        stream->credit -= (uint32_t)n;
        mig_link_post(link, MIG_DATA, &stream->id, sizeof stream->id, at, n);
        at += n;
        len -= n;
    }
}

void mig_stream_send_eof(struct mig_link *link, struct mig_stream *stream)
{
    if (stream->eof_sent)
        return;
    stream->eof_sent = true;
    mig_link_post(link, MIG_EOF, &stream->id, sizeof stream->id, NULL, 0);
}

void mig_stream_send_closed(struct mig_link *link, struct mig_stream *stream)
{
    if (stream->closed_sent)
        return;
    stream->closed_sent = true;
    mig_link_post(link, MIG_CLOSED, &stream->id, sizeof stream->id, NULL, 0);
}

static void open_window(struct mig_link *link, struct mig_stream *stream, uint32_t n)
{
    stream->granted += n;
    mig_link_post(link, MIG_WINDOW_MORE, &stream->id, sizeof stream->id, &n, sizeof n);
}

void mig_stream_consumed(struct mig_link *link, struct mig_stream *stream, size_t n)
{
    if (n > stream->in.len)
        n = stream->in.len;
    mig_bytes_drop(&stream->in, n);
    if (stream->flags & MIG_STREAM_DEMAND)
        return;
    stream->unreported += (uint32_t)n;
    if (stream->unreported >= WINDOW_STEP && !stream->eof_received) {
        n = stream->unreported;
        stream->unreported = 0;
        open_window(link, stream, (uint32_t)n);
    }
}

void mig_stream_grant(struct mig_link *link, struct mig_stream *stream, uint32_t n)
{
    uint32_t room = MIG_WINDOW - stream->granted;

    room = stream->in.len > room ? 0 : room - (uint32_t)stream->in.len;
    n = n > room ? room : n;
    if (n > 0)
        open_window(link, stream, n);
}

/* ---------------------------------------------------------------- state for another capsule */

static uint8_t stream_bits(const struct mig_stream *s)
{
    return (uint8_t)(s->eof_sent | s->eof_received << 1 | s->closed_sent << 2 | s->closed_received << 3);
}

void mig_link_export(const struct mig_link *link, struct mig_bytes *out)
{
    const struct mig_stream *s;
    const struct mig_packet *p;
    size_t start = out->len;
    uint32_t length;

    mig_bytes_u32(out, STATE_MAGIC);
    mig_bytes_u32(out, link->id);
    mig_bytes_u32(out, 0); /* length, filled in below */
    mig_bytes_u64(out, link->out_next);
    mig_bytes_u64(out, link->in_next);
    for (s = link->streams; s != NULL; s = s->next) {
        mig_bytes_u8(out, 's');
        mig_bytes_u16(out, s->id);
        mig_bytes_u8(out, s->flags);
        mig_bytes_u8(out, stream_bits(s));
        mig_bytes_u32(out, s->credit);
        mig_bytes_u32(out, s->unreported);
        mig_bytes_u32(out, s->granted);
        mig_bytes_u32(out, (uint32_t)s->in.len);
        if (s->in.len > 0)
            mig_bytes_add(out, mig_bytes_at(&s->in), s->in.len);
    }
    for (p = link->unacked; p != NULL; p = p->next) {
        mig_bytes_u8(out, 'p');
        mig_bytes_u32(out, p->size);
        mig_bytes_add(out, p->bytes, p->size);
    }
    mig_bytes_u8(out, 'e');
    length = (uint32_t)(out->len - start);
    memcpy(mig_bytes_at(out) + start + 8, &length, sizeof length);
}

uint32_t mig_link_import_id(const struct mig_reader *r)
{
    struct mig_reader peek = *r;
    uint32_t magic = mig_read_u32(&peek);
    uint32_t id = mig_read_u32(&peek);

    return peek.bad || magic != STATE_MAGIC ? 0 : id;
}

static bool import_stream(struct mig_link *link, struct mig_reader *r)
{
    struct mig_stream *s = mig_stream_find(link, mig_read_u16(r)), unknown = {0};
    uint8_t flags = mig_read_u8(r), bits = mig_read_u8(r);
    bool finished = (bits & 5) != 0 && (bits & 10) != 0;
    const uint8_t *bytes;
    uint32_t len;

    if (s == NULL && !finished)
        return false;
    s = s == NULL ? &unknown : s;
    s->flags = flags;
    s->eof_sent = bits & 1;
    s->eof_received = bits & 2;
    s->closed_sent = bits & 4;
    s->closed_received = bits & 8;
    s->credit = mig_read_u32(r);
    s->unreported = mig_read_u32(r);
    s->granted = mig_read_u32(r);
    len = mig_read_u32(r);
    bytes = mig_read_raw(r, len);
    if (r->bad || s->credit > MIG_WINDOW || s->granted > MIG_WINDOW || s->unreported > MIG_WINDOW || len > MIG_WINDOW)
        return false;
    if (s != &unknown && len > 0)
        mig_bytes_add(&s->in, bytes, len);
    return true;
}

static bool import_packet(struct mig_link *link, struct mig_reader *r, uint64_t *last)
{
    uint32_t size = mig_read_u32(r);
    const uint8_t *bytes = mig_read_raw(r, size);
    struct mig_header header;
    struct mig_packet *p;

    if (r->bad || size < MIG_HEADER_BYTES || size > MIG_HEADER_BYTES + MIG_MAX_PAYLOAD)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (header.len != size - MIG_HEADER_BYTES || header.link != link->id || header.type < MIG_FIRST_SEQUENCED
        || (*last != 0 && header.seq != *last + 1) || header.seq == 0)
        return false;
    *last = header.seq;
    p = mig_packet_new(header.type, link->id, header.seq, bytes + MIG_HEADER_BYTES, header.len, NULL, 0);
    if (link->unacked == NULL)
        link->unacked = p;
    else
        link->unacked_last->next = p;
    link->unacked_last = p;
    link->waiting++;
    link->unsent = link->unacked;
    return true;
}

bool mig_link_import(struct mig_link *link, struct mig_reader *r)
{
    uint64_t last = 0;
    bool good = mig_link_import_id(r) == link->id && link->out_next == 1 && link->in_next == 1;

    mig_read_raw(r, 12);
    link->out_next = mig_read_u64(r);
    link->in_next = mig_read_u64(r);
    good = good && !r->bad && link->out_next > 0 && link->in_next > 0;
    while (good) {
        uint8_t tag = mig_read_u8(r);

        if (tag == 'e' && !r->bad)
            break;
        good = tag == 's' ? import_stream(link, r) : tag == 'p' ? import_packet(link, r, &last) : false;
    }
    if (good && last != 0 && last + 1 != link->out_next)
        good = false;
    if (!good)
        kill_link(link, "exported state cannot be used");
    return good;
}
