/* The connection of an endpoint to the agent of its node: connecting for ever, frames in, frames out. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_BACKOFF 50
#define LAST_BACKOFF 1000
#define READ_BYTES 16384
/* Frames read in one go before other descriptors get their turn. */
#define READ_ROUNDS 8

_Static_assert(sizeof(struct mig_header) == MIG_HEADER_BYTES, "header has no padding");

struct mig_packet *mig_packet_new(uint16_t type, uint32_t link, uint64_t seq, const void *head, size_t head_len,
                                  const void *data, size_t len)
{
    struct mig_header header = {.len = (uint32_t)(head_len + len), .type = type, .link = link, .seq = seq};
    struct mig_packet *p = mig_alloc(sizeof *p + sizeof header + head_len + len);

    p->next = NULL;
    p->refs = 1;
    p->size = (uint32_t)(sizeof header + head_len + len);
    memcpy(p->bytes, &header, sizeof header);
    if (head_len > 0)
        memcpy(p->bytes + sizeof header, head, head_len);
    if (len > 0)
        memcpy(p->bytes + sizeof header + head_len, data, len);
    return p;
}

void mig_packet_release(struct mig_packet *packet)
{
    if (packet != NULL && --packet->refs == 0)
        free(packet);
}

/* ---------------------------------------------------------------- life of the connection */

static void forget_connection(struct mig_hull *hull)
{
    struct mig_packet *p;

    mig_unwatch(hull->loop, &hull->source);
    if (hull->source.fd >= 0)
        close(hull->source.fd);
    hull->source.fd = -1;
    hull->connected = false;
    hull->broken = false;
    hull->generation++;
    free(hull->body);
    hull->body = NULL;
    hull->have = 0;
    mig_packet_release(hull->sending);
    hull->sending = NULL;
    while ((p = hull->queue) != NULL) {
        hull->queue = p->next;
        mig_packet_release(p);
    }
    hull->queue_last = NULL;
}

static void lose_connection(struct mig_hull *hull)
{
    bool was_connected = hull->connected;
    struct mig_link *link, *next;

    forget_connection(hull);
    mig_timer_set(hull->loop, &hull->timer, hull->backoff);
    hull->backoff = hull->backoff * 2 > LAST_BACKOFF ? LAST_BACKOFF : hull->backoff * 2;
    if (!was_connected)
        return;
    for (link = hull->links; link != NULL; link = next) {
        next = link->next;
        mig_link_route(link, false);
    }
    if (hull->calls->gone != NULL)
        hull->calls->gone(hull);
}

/* An error met while sending is acted upon from the loop only: who posts a frame need not expect to be called back. */
static void mark_broken(struct mig_hull *hull)
{
    hull->broken = true;
    mig_timer_set(hull->loop, &hull->timer, 0);
}

/*
 * A path longer than an address can hold is reached through a descriptor of its directory.
 */
static int fill_address(const char *path, struct sockaddr_un *address, int *directory)
{
    const char *slash = strrchr(path, '/');
    struct mig_bytes name = {0};
    int result = -1;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    *directory = -1;
    if (strlen(path) < sizeof address->sun_path) {
        strcpy(address->sun_path, path);
        return 0;
    }
    if (slash == NULL)
        return -1;
    mig_bytes_add(&name, path, (size_t)(slash - path));
    mig_bytes_u8(&name, 0);
    *directory = open((const char *)mig_bytes_at(&name), O_PATH | O_DIRECTORY | O_CLOEXEC);
    mig_bytes_free(&name);
    if (*directory < 0)
        return -1;
    mig_bytes_text(&name, "/proc/self/fd/");
    mig_bytes_number(&name, *directory);
    mig_bytes_text(&name, slash);
    if (name.len < sizeof address->sun_path) {
        memcpy(address->sun_path, mig_bytes_at(&name), name.len);
        result = 0;
    }
    mig_bytes_free(&name);
    return result;
}

static void readable(struct mig_hull *hull);

static void ready(struct mig_source *source, uint32_t events)
{
    struct mig_hull *hull = source->owner;
    uint32_t generation = hull->generation;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        readable(hull);
    if (hull->generation == generation && (events & EPOLLOUT))
        mig_hull_pump(hull);
}

static void try_connect(struct mig_hull *hull)
{
    struct sockaddr_un address;
    int directory, fd, rc;

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        rc = fill_address(hull->path, &address, &directory);
        if (rc == 0)
            rc = connect(fd, (struct sockaddr *)&address, sizeof address);
        if (directory >= 0)
            close(directory);
        /* A full backlog (EAGAIN) is a failed attempt as any other: unix sockets have no "in progress". */
        if (rc == 0) {
            hull->source.fd = fd;
            if (mig_watch(hull->loop, &hull->source, EPOLLIN) == 0) {
                hull->connected = true;
                hull->backoff = FIRST_BACKOFF;
                hull->calls->connected(hull);
                return;
            }
            hull->source.fd = -1;
        }
        close(fd);
    }
    lose_connection(hull);
}

static void fire(struct mig_timer *timer)
{
    struct mig_hull *hull = timer->owner;

    if (hull->broken)
        lose_connection(hull);
    else if (!hull->connected)
        try_connect(hull);
}

void mig_hull_open(struct mig_hull *hull)
{
    hull->source = (struct mig_source){.fd = -1, .ready = ready, .owner = hull};
    hull->timer = (struct mig_timer){.fire = fire, .owner = hull};
    hull->backoff = FIRST_BACKOFF;
    mig_timer_set(hull->loop, &hull->timer, 0);
}

void mig_hull_close(struct mig_hull *hull)
{
    mig_timer_cancel(hull->loop, &hull->timer);
    forget_connection(hull);
    for (struct mig_link *link = hull->links; link != NULL; link = link->next)
        mig_link_route(link, false);
}

void mig_hull_reconnect(struct mig_hull *hull)
{
    if (hull->connected)
        mark_broken(hull);
}

/* ---------------------------------------------------------------- in */

/* Returns false when the connection is no longer the one the frame came from. */
static bool dispatch(struct mig_hull *hull, const uint8_t *bytes)
{
    uint32_t generation = hull->generation;
    struct mig_header header;
    struct mig_frame frame;
    struct mig_link *link;

    memcpy(&header, bytes, sizeof header);
    frame = (struct mig_frame){
        .type = header.type, .link = header.link, .seq = header.seq, .payload = bytes + sizeof header, .len = header.len};
    link = mig_hull_link(hull, frame.link);
    if (frame.type >= MIG_ACK && frame.type < MIG_REPLY) {
        /* Frames for a link that is gone are nobody's business: their sender will hear it from its agent. */
        if (link != NULL)
            mig_link_receive(link, &frame);
    } else {
        if (link != NULL && (frame.type == MIG_LINK_UP || frame.type == MIG_LINK_DOWN))
            mig_link_route(link, frame.type == MIG_LINK_UP);
        if (hull->generation == generation)
            hull->calls->frame(hull, &frame);
    }
    return hull->generation == generation && !hull->broken;
}

static uint32_t frame_size(const uint8_t *head)
{
    uint32_t len;

    memcpy(&len, head, sizeof len);
    return len > MIG_MAX_PAYLOAD ? 0 : MIG_HEADER_BYTES + len;
}

/* Takes bytes as they come; frames that are complete within the buffer are handed on without being copied. */
static bool feed(struct mig_hull *hull, const uint8_t *at, size_t len)
{
    while (len > 0) {
        uint32_t size, n;

        if (hull->have == 0 && len >= MIG_HEADER_BYTES) {
            size = frame_size(at);
            if (size == 0) {
                mark_broken(hull);
                return false;
            }
            if (len >= size) {
                if (!dispatch(hull, at))
                    return false;
                at += size;
                len -= size;
                continue;
            }
        }
        if (hull->have < MIG_HEADER_BYTES) {
            n = MIG_HEADER_BYTES - hull->have;
            n = n > len ? (uint32_t)len : n;
            memcpy(hull->head + hull->have, at, n);
        } else {
            n = frame_size(hull->head) - hull->have;
            n = n > len ? (uint32_t)len : n;
            memcpy(hull->body + hull->have, at, n);
        }
        hull->have += n;
        at += n;
        len -= n;
        if (hull->have < MIG_HEADER_BYTES)
            continue;
        size = frame_size(hull->head);
        if (size == 0) {
            mark_broken(hull);
            return false;
        }
        if (hull->body == NULL) {
            hull->body = mig_alloc(size);
            memcpy(hull->body, hull->head, MIG_HEADER_BYTES);
        }
        if (hull->have == size) {
            uint8_t *body = hull->body;
            bool same;

            hull->body = NULL;
            hull->have = 0;
            same = dispatch(hull, body);
            free(body);
            if (!same)
                return false;
        }
    }
    return true;
}

static void readable(struct mig_hull *hull)
{
    uint8_t buffer[READ_BYTES];
    int round;

    for (round = 0; round < READ_ROUNDS; round++) {
        ssize_t n = recv(hull->source.fd, buffer, sizeof buffer, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            lose_connection(hull);
            return;
        }
        if (!feed(hull, buffer, (size_t)n))
            return;
        if ((size_t)n < sizeof buffer)
            return;
    }
}

/* ---------------------------------------------------------------- out */

void mig_hull_send(struct mig_hull *hull, uint16_t type, uint32_t link, uint64_t seq, const void *payload, size_t len)
{
    struct mig_packet *p;

    if (!hull->connected || hull->broken)
        return;
    p = mig_packet_new(type, link, seq, payload, len, NULL, 0);
    if (hull->queue == NULL)
        hull->queue = p;
    else
        hull->queue_last->next = p;
    hull->queue_last = p;
    mig_hull_pump(hull);
}

/* Hop frames first, then the links in turn, so that a busy one cannot starve the others. */
static struct mig_packet *next_packet(struct mig_hull *hull)
{
    struct mig_packet *p = hull->queue;
    struct mig_link *first = hull->turn != NULL ? hull->turn : hull->links;
    struct mig_link *link = first;

    if (p != NULL) {
        hull->queue = p->next;
        p->next = NULL;
        return p;
    }
    while (link != NULL) {
        struct mig_link *after = link->next != NULL ? link->next : hull->links;

        p = mig_link_next_packet(link);
        if (p != NULL) {
            hull->turn = after;
            return p;
        }
        link = after != first ? after : NULL;
    }
    return NULL;
}

void mig_hull_pump(struct mig_hull *hull)
{
    if (!hull->connected || hull->broken || hull->pumping)
        return;
    hull->pumping = true;
    for (;;) {
        ssize_t n;

        if (hull->sending == NULL) {
            hull->sending = next_packet(hull);
            hull->sent = 0;
        }
        if (hull->sending == NULL) {
            mig_watch(hull->loop, &hull->source, EPOLLIN);
            break;
        }
        n = send(hull->source.fd, hull->sending->bytes + hull->sent, hull->sending->size - hull->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)) {
            mig_watch(hull->loop, &hull->source, EPOLLIN | EPOLLOUT);
            break;
        }
        if (n < 0) {
            mark_broken(hull);
            break;
        }
        hull->sent += (uint32_t)n;
        if (hull->sent == hull->sending->size) {
            mig_packet_release(hull->sending);
            hull->sending = NULL;
        }
    }
    hull->pumping = false;
}

bool mig_hull_busy(const struct mig_hull *hull)
{
    if (hull->sending != NULL || hull->queue != NULL)
        return true;
    for (const struct mig_link *link = hull->links; link != NULL; link = link->next)
        if (mig_link_wants(link))
            return true;
    return false;
}

void mig_hull_flush(struct mig_hull *hull, int max_ms)
{
    int64_t end = mig_now() + max_ms;

    mig_hull_pump(hull);
    while (hull->connected && !hull->broken && mig_hull_busy(hull)) {
        struct pollfd p = {.fd = hull->source.fd, .events = POLLOUT};
        int64_t left = end - mig_now();

        if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
            return;
        mig_hull_pump(hull);
    }
}
