/* Stand-in pipes and sockets: our end of what the guest reads and writes. Terminals are in tty.c. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHUNK 32768
#define UNREAD_CHUNK 4096
/* A pipe may be made this big by its user (fs.pipe-max-size of an unprivileged one); what is beyond stays in it. */
#define MAX_DRAIN (2u << 20)

struct stream *stream_find(const struct capsule *capsule, uint16_t id)
{
    struct stream *stream = capsule->streams;

    while (stream != NULL && stream->base.id != id)
        stream = stream->next;
    return stream;
}

static bool reads(const struct stream *stream)
{
    return stream->kind == KIND_PIPE_OUT || stream->kind == KIND_FILE_OUT || stream->kind == KIND_UNIX;
}

static bool writes(const struct stream *stream)
{
    return stream->kind == KIND_PIPE_IN || stream->kind == KIND_UNIX;
}

static void ready(struct mig_source *source, uint32_t events);

int stream_create(struct stream *stream, uint32_t flags, uint32_t size)
{
    struct stat st;
    int ends[2], own;

    if (stream->kind == KIND_UNIX ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) : pipe2(ends, O_CLOEXEC))
        return -errno;
    own = stream->kind == KIND_PIPE_IN ? 1 : 0;
    stream->fd = ends[own];
    stream->guest_fd = ends[!own];
    /* Only ours: pipe ends are open files of their own, and of sockets each end is one. */
    if (fcntl(stream->fd, F_SETFL, O_NONBLOCK) != 0 || fstat(stream->guest_fd, &st) != 0)
        return -errno;
    /* criu opens pipes anew with the flags of the image, but takes a socket, or the pipe that stands for a file, as it is. */
    fcntl(stream->guest_fd, F_SETFL, flags & O_NONBLOCK);
    if (stream->kind != KIND_UNIX && size > 0)
        fcntl(stream->fd, F_SETPIPE_SZ, (int)size); /* smaller than wished is no harm */
    stream->guest_dev = st.st_dev;
    stream->guest_ino = st.st_ino;
    stream->in_done = !writes(stream);
    stream->out_done = !reads(stream);
    stream->source = (struct mig_source){.fd = stream->fd, .ready = ready, .owner = stream};
    return 0;
}

void stream_close(struct stream *stream)
{
    if (stream->kind == KIND_TTY)
        tty_close(stream);
    if (stream->fd >= 0) {
        mig_unwatch(&stream->capsule->loop, &stream->source);
        close(stream->fd);
    }
    if (stream->guest_fd >= 0)
        close(stream->guest_fd);
    stream->fd = -1;
    stream->guest_fd = -1;
    stream->in_done = true;
    stream->out_done = true;
    mig_bytes_free(&stream->early);
    mig_bytes_free(&stream->late);
}

void stream_retire(struct stream *stream)
{
    /* Closing the master would hang up on guests that have the terminal without using it. */
    if (stream->kind == KIND_TTY && stream->fd >= 0)
        tty_retire(stream);
    else
        stream_close(stream);
}

bool stream_over(const struct stream *stream)
{
    return stream->in_done && stream->out_done;
}

/* ---------------------------------------------------------------- towards the guest */

void stream_put_first(struct stream *stream, struct mig_bytes *bytes)
{
    if (bytes->len > 0 && stream->early.len > 0)
        mig_bytes_add(bytes, mig_bytes_at(&stream->early), stream->early.len);
    if (bytes->len > 0) {
        mig_bytes_free(&stream->early);
        stream->early = *bytes;
    }
    *bytes = (struct mig_bytes){0};
}

/* Bytes that the guest did not read yet come back out of its pipe, to be fed again if it goes on here. */
static void take_unread(struct stream *stream)
{
    struct mig_bytes unread = {0};
    uint8_t buffer[CHUNK];
    char path[40];
    ssize_t n;
    int reader;

    if (stream->kind == KIND_TTY)
        tty_take_unread(stream);
    if (stream->kind != KIND_PIPE_IN || stream->fd < 0)
        return;
    /* A reader only for this moment: a permanent one would hide from us that the guest has closed its own. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", stream->fd);
    reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    while (reader >= 0 && (n = read(reader, buffer, sizeof buffer)) > 0)
        mig_bytes_add(&unread, buffer, (size_t)n);
    if (reader >= 0)
        close(reader);
    stream_put_first(stream, &unread);
}

void stream_give_back(struct stream *stream)
{
    struct mig_bytes all;

    take_unread(stream);
    all = stream->early;
    stream->early = (struct mig_bytes){0};
    if (stream->base.in.len > 0) {
        mig_bytes_add(&all, mig_bytes_at(&stream->base.in), stream->base.in.len);
        mig_stream_consumed(stream->link, &stream->base, stream->base.in.len);
    }
    while (all.len > 0) {
        size_t n = all.len < UNREAD_CHUNK ? all.len : UNREAD_CHUNK;

        mig_link_post(stream->link, MIG_TTY_UNREAD, &stream->base.id, sizeof stream->base.id, mig_bytes_at(&all), n);
        mig_bytes_drop(&all, n);
    }
}

static bool is_demand(const struct stream *stream)
{
    return stream->kind == KIND_PIPE_IN && (stream->base.flags & MIG_STREAM_DEMAND) != 0;
}

/* The guest reads no more: home writers must learn it, bytes still here go nowhere. */
static void end_input(struct stream *stream)
{
    if (is_demand(stream))
        stream_give_back(stream); /* a token of make's job server, say, belongs to others */
    mig_bytes_free(&stream->early);
    mig_stream_consumed(stream->link, &stream->base, stream->base.in.len);
    if (!stream->base.eof_received)
        mig_stream_send_closed(stream->link, &stream->base);
    stream->in_done = true;
}

/* Writes from the queue; returns false when the guest's end takes no more for now. */
static bool feed(struct stream *stream, struct mig_bytes *queue)
{
    while (queue->len > 0) {
        ssize_t n = stream->kind == KIND_UNIX ? send(stream->fd, mig_bytes_at(queue), queue->len, MSG_NOSIGNAL | MSG_DONTWAIT)
                                              : write(stream->fd, mig_bytes_at(queue), queue->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0) {
            end_input(stream);
            return true;
        }
        if (queue == &stream->base.in)
            mig_stream_consumed(stream->link, &stream->base, (size_t)n);
        else
            mig_bytes_drop(queue, (size_t)n);
    }
    return true;
}

/* Returns true when there is more than the guest's end can hold. */
static bool pump_in(struct stream *stream)
{
    if (stream->base.closed_sent)
        stream->in_done = true;
    if (stream->in_done)
        return false;
    if (!feed(stream, &stream->early) || (!stream->in_done && !feed(stream, &stream->base.in)))
        return true;
    if (!stream->in_done && stream->base.eof_received) {
        if (stream->kind == KIND_UNIX)
            shutdown(stream->fd, SHUT_WR);
        stream->in_done = true;
    }
    return false;
}

/* ---------------------------------------------------------------- from the guest */

void stream_send_late(struct stream *stream)
{
    size_t room = mig_stream_room(&stream->base);
    size_t n = stream->late.len < room ? stream->late.len : room;

    if (n == 0)
        return;
    mig_stream_send(stream->link, &stream->base, mig_bytes_at(&stream->late), n);
    mig_bytes_drop(&stream->late, n);
    stream->sent += n;
}

/* Returns true when the guest may have more and home has room for it. */
static bool pump_out(struct stream *stream)
{
    uint8_t buffer[CHUNK];
    uint32_t room;

    if (stream->base.eof_sent)
        stream->out_done = true;
    if (stream->out_done)
        return false;
    if (stream->base.closed_received) {
        mig_bytes_free(&stream->late);
        stream->sent = stream->barrier;
        stream->out_done = true;
        if (stream->kind == KIND_UNIX)
            shutdown(stream->fd, SHUT_RD);
        return false;
    }
    stream_send_late(stream);
    while (stream->late.len == 0 && !stream->guest_gone && (room = mig_stream_room(&stream->base)) > 0) {
        ssize_t n = read(stream->fd, buffer, room < sizeof buffer ? room : sizeof buffer);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0) {
            stream->guest_gone = true;
            break;
        }
        mig_stream_send(stream->link, &stream->base, buffer, (size_t)n);
        stream->sent += (uint64_t)n;
    }
    if (stream->guest_gone && stream->late.len == 0) {
        mig_stream_send_eof(stream->link, &stream->base);
        stream->out_done = true;
    }
    return false;
}

void stream_drain(struct stream *stream)
{
    uint8_t buffer[CHUNK];
    size_t limit = MAX_DRAIN;

    if (stream->kind == KIND_TTY) {
        tty_drain(stream);
    } else {
        while (stream->fd >= 0 && !stream->out_done && !stream->guest_gone && stream->late.len < limit) {
            ssize_t n = read(stream->fd, buffer, sizeof buffer);

            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                break;
            if (n == 0)
                stream->guest_gone = true;
            else
                mig_bytes_add(&stream->late, buffer, (size_t)n);
        }
    }
    stream->barrier = stream->sent + stream->late.len;
}

/* ---------------------------------------------------------------- both */

void stream_pump(struct stream *stream)
{
    bool more_in, more_out;
    uint32_t events;

    if (!stream->live || stream->fd < 0) {
        if (is_demand(stream) && stream->in_done && stream->base.in.len > 0)
            stream_give_back(stream); /* asked for by somebody who is gone */
        return;
    }
    if (stream->kind == KIND_TTY) {
        tty_pump(stream);
        return;
    }
    more_in = pump_in(stream);
    more_out = pump_out(stream);
    if (stream_over(stream)) {
        stream_close(stream);
        return;
    }
    events = (more_in ? EPOLLOUT : 0) | (more_out ? EPOLLIN : 0);
    /*
     * A pipe whose readers are gone reports EPOLLERR unasked (a socket EPOLLHUP), which is how CLOSED is found. But a
     * hung-up descriptor with bytes that home has no room for yet must not keep us awake.
     */
    if (events == 0 && stream->in_done)
        mig_unwatch(&stream->capsule->loop, &stream->source);
    else
        mig_watch(&stream->capsule->loop, &stream->source, events);
}

static void ready(struct mig_source *source, uint32_t events)
{
    struct stream *stream = source->owner;
    struct body *body = (struct body *)stream->link;

    /* The last reader is gone, or (socket) the other end is closed. */
    if ((events & EPOLLERR) && stream->kind == KIND_PIPE_IN)
        end_input(stream);
    if ((events & EPOLLHUP) && stream->kind == KIND_UNIX && !stream->in_done)
        end_input(stream);
    stream_pump(stream);
    body_progress(body);
}

void stream_start(struct stream *stream)
{
    stream->live = true;
    if (stream->kind == KIND_TTY)
        tty_start(stream);
    stream_pump(stream);
}

void stream_freeze(struct stream *stream)
{
    if (stream->kind == KIND_TTY)
        tty_freeze(stream);
    stream->live = false;
    if (stream->fd >= 0) {
        mig_unwatch(&stream->capsule->loop, &stream->source);
        stream_drain(stream);
        take_unread(stream);
    }
}

struct holder_of {
    struct stream *stream;
    pid_t but, found;
};

static bool holds(void *owner, const struct proc_stat *stat)
{
    struct holder_of *search = owner;

    if (stat->pid != search->but && stat->state != 'Z' && guest_is(search->stream->capsule, stat)
        && proc_has_file(stat->pid, search->stream->guest_dev, search->stream->guest_ino))
        search->found = stat->pid;
    return search->found == 0;
}

bool stream_in_use(struct stream *stream, pid_t but)
{
    struct holder_of search = {.stream = stream, .but = but};

    proc_each(holds, &search);
    return search.found != 0;
}

/*
 * The guest's end of a socket is borrowed from a guest that has it, and looked into; nothing is taken out, because behind an
 * end of file it could not be put back.
 */
void stream_unread(struct stream *stream, struct mig_bytes *out)
{
    struct holder_of search = {.stream = stream};
    int pidfd, fd = -1, pending = 0;
    uint8_t *buffer;

    if (stream->kind != KIND_UNIX || stream->fd < 0)
        return;
    proc_each(holds, &search);
    if (search.found == 0 || (pidfd = (int)syscall(SYS_pidfd_open, search.found, 0)) < 0)
        return;
    fd = (int)syscall(SYS_pidfd_getfd, pidfd, proc_find_fd(search.found, stream->guest_dev, stream->guest_ino), 0);
    close(pidfd);
    if (fd < 0)
        return;
    if (ioctl(fd, FIONREAD, &pending) == 0 && pending > 0) {
        buffer = mig_alloc((size_t)pending);
        pending = (int)recv(fd, buffer, (size_t)pending, MSG_PEEK | MSG_DONTWAIT);
        if (pending > 0)
            mig_bytes_add(out, buffer, (size_t)pending);
        free(buffer);
    }
    close(fd);
}
