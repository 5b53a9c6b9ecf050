/*
 * Pipes, sockets and shared files. Their descriptors are often shared with processes that stay at home (the other end of a
 * pipe, the same open file in a shell), so O_NONBLOCK may not be touched, and yet the one thread must never block.
 */
#include "deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIECE 16384
#define TERMINAL_PIECE 128
#define FULL_DISK_PAUSE_MS 1000
#define PIPEFS 0x50495045

/* ---------------------------------------------------------------- reading and writing without blocking */

/* The same pipe or terminal, opened anew: O_NONBLOCK of this description is ours alone. */
static int open_again(int fd, int mode)
{
    struct mig_bytes path = {0};
    int again;

    mig_bytes_text(&path, "/proc/self/fd/");
    mig_bytes_number(&path, fd);
    mig_bytes_u8(&path, 0);
    again = open((const char *)mig_bytes_at(&path), mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    mig_bytes_free(&path);
    return again;
}

static void next_way(struct channel *c)
{
    int again = open_again(c->fd, c->kind == PIPE_IN ? O_RDONLY : O_WRONLY);

    mig_unwatch(&c->deputy->loop, &c->source);
    c->way = again < 0 ? BY_POLL : BY_OWN;
    if (again >= 0)
        c->io = c->source.fd = again;
}

static bool is_ready(int fd, short event)
{
    struct pollfd p = {.fd = fd, .events = event};

    return poll(&p, 1, 0) > 0;
}

/* EAGAIN means "not now" whatever the way. */
static ssize_t read_some(struct channel *c, void *buffer, size_t size)
{
    struct iovec piece = {.iov_base = buffer, .iov_len = size};
    ssize_t n;

    if (c->kind == UNIX_SOCKET)
        return recv(c->io, buffer, size, MSG_DONTWAIT);
    if (c->way == BY_NOWAIT) {
        n = preadv2(c->io, &piece, 1, -1, RWF_NOWAIT);
        if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
            return n;
        next_way(c);
    }
    if (c->way == BY_POLL && !is_ready(c->io, POLLIN)) {
        errno = EAGAIN;
        return -1;
    }
    return read(c->io, buffer, size);
}

static ssize_t write_some(struct channel *c, const void *data, size_t size)
{
    struct iovec piece = {.iov_base = (void *)data, .iov_len = size};
    ssize_t n;

    if (c->kind == FILE_OUT)
        return write(c->io, data, size);
    if (c->kind == UNIX_SOCKET)
        return send(c->io, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (c->way == BY_NOWAIT) {
        n = pwritev2(c->io, &piece, 1, -1, RWF_NOWAIT);
        if (n >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
            return n;
        next_way(c);
    }
    if (c->way == BY_POLL) {
        size_t most = c->kind == TERMINAL ? TERMINAL_PIECE : PIPE_BUF;

        size = size > most ? most : size;
        if (!is_ready(c->io, POLLOUT)) {
            errno = EAGAIN;
            return -1;
        }
    }
    return write(c->io, data, size);
}

/* ---------------------------------------------------------------- life of a channel */

void channel_close(struct channel *c)
{
    mig_unwatch(&c->deputy->loop, &c->source);
    mig_timer_cancel(&c->deputy->loop, &c->retry);
    if (c->io >= 0 && c->io != c->fd)
        close(c->io);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = c->io = c->source.fd = -1;
}

static bool reads(const struct channel *c)
{
    return c->fd >= 0 && (c->kind == PIPE_IN || c->kind == UNIX_SOCKET || c->kind == TERMINAL);
}

static bool writes(const struct channel *c)
{
    return c->kind != PIPE_IN;
}

/* Nobody will read here any more: what the body wrote is lost, as it would be in a pipe. */
static void discard(struct channel *c)
{
    size_t n = c->stream.in.len;

    mig_stream_consumed(&c->deputy->link, &c->stream, n);
    channel_written(c, n);
}

/* A terminal that does not control us may be read by anybody at any time: not unless the body wants it. */
static bool may_read_terminal(const struct channel *c)
{
    return c->controlling ? c->foreground : (c->stream.flags & MIG_STREAM_DEMAND) != 0;
}

/* Watches for exactly what can be dealt with: level-triggered events for anything else would keep the deputy awake. */
void channel_update(struct channel *c)
{
    struct mig_loop *loop = &c->deputy->loop;
    uint32_t events = 0;
    bool watch = false;

    if (c->fd < 0 || c->kind == FILE_OUT)
        return;
    if (reads(c) && !c->hung_up && mig_stream_room(&c->stream) > 0 && !c->deputy->ending
        && (c->kind != TERMINAL || (c->hands_off == 0 && may_read_terminal(c)))) {
        events |= EPOLLIN;
        watch = true;
    }
    if (writes(c) && c->stream.in.len > 0) {
        events |= EPOLLOUT;
        watch = true;
    }
    /* Errors are always reported: the reader of a pipe may go while nothing is to be written, a terminal may hang up. */
    if (c->kind == PIPE_OUT && c->anonymous && !c->stream.closed_sent)
        watch = true;
    if (c->kind == TERMINAL && !c->hung_up)
        watch = true;
    if (watch && mig_watch(loop, &c->source, events) == 0)
        return;
    mig_unwatch(loop, &c->source);
    /* A regular file (an input shared with processes that stay) cannot be watched: it is always ready. */
    if (events & EPOLLIN && c->kind == PIPE_IN && !c->retry.armed)
        mig_timer_set(loop, &c->retry, 0);
}

static void finished_writing(struct channel *c)
{
    if (c->stream.in.len > 0 || !c->stream.eof_received || c->fd < 0)
        return;
    if (c->kind == UNIX_SOCKET && !c->stream.closed_received)
        shutdown(c->io, SHUT_WR); /* the body goes on reading */
    else
        channel_close(c);
}

static void write_failed(struct channel *c, int error)
{
    if (error == EAGAIN || error == EINTR)
        return;
    if (c->kind == FILE_OUT && (error == ENOSPC || error == EDQUOT)) {
        /* The bytes are promised to the body as written: wait for room, the body waits by its window. */
        mig_timer_set(&c->deputy->loop, &c->retry, FULL_DISK_PAUSE_MS);
        return;
    }
    mig_stream_send_closed(&c->deputy->link, &c->stream);
    discard(c);
    if (c->kind == PIPE_OUT || c->kind == FILE_OUT)
        channel_close(c);
}

void channel_written(struct channel *c, size_t n)
{
    c->must_flush = n > c->must_flush ? 0 : c->must_flush - n;
    if (c->kind == TERMINAL)
        terminal_wrote(c, n);
    finished_writing(c);
}

static void write_out(struct channel *c)
{
    int rounds = 8;

    while (c->fd >= 0 && c->stream.in.len > 0 && rounds-- > 0) {
        size_t piece = c->stream.in.len > PIECE ? PIECE : c->stream.in.len;
        ssize_t n;

        /* New terminal modes are for what comes after them only. */
        if (c->changes != NULL && piece > c->changes->after)
            piece = c->changes->after;
        n = write_some(c, mig_bytes_at(&c->stream.in), piece);
        if (n <= 0) {
            write_failed(c, n < 0 ? errno : EAGAIN);
            break;
        }
        mig_stream_consumed(&c->deputy->link, &c->stream, (size_t)n);
        channel_written(c, (size_t)n);
        if (c->kind == FILE_OUT)
            rounds++;
    }
    if (c->fd < 0 && c->stream.in.len > 0)
        discard(c);
    channel_update(c);
}

static void read_in(struct channel *c)
{
    uint8_t buffer[PIECE];
    size_t room = mig_stream_room(&c->stream);
    ssize_t n;

    n = read_some(c, buffer, room > sizeof buffer ? sizeof buffer : room);
    if (n > 0)
        mig_stream_send(&c->deputy->link, &c->stream, buffer, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        mig_stream_send_eof(&c->deputy->link, &c->stream);
}

static void channel_ready(struct mig_source *source, uint32_t events)
{
    struct channel *c = source->owner;

    if (reads(c) && (events & (EPOLLIN | EPOLLHUP)) && mig_stream_room(&c->stream) > 0
        && (c->kind != TERMINAL || source->events & EPOLLIN)) {
        if (c->kind == TERMINAL)
            terminal_read(c);
        else
            read_in(c);
    }
    if (c->kind == TERMINAL && (events & (EPOLLHUP | EPOLLERR)) && !c->hung_up)
        terminal_hung_up(c);
    if (c->stream.in.len > 0 && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
        write_out(c);
    } else if (c->kind == PIPE_OUT && (events & EPOLLERR)) {
        mig_stream_send_closed(&c->deputy->link, &c->stream);
        channel_close(c);
    }
    channel_update(c);
    try_to_end(c->deputy);
}

static void try_again(struct mig_timer *timer)
{
    struct channel *c = timer->owner;

    if (c->kind == PIPE_IN) {
        if (c->fd >= 0 && mig_stream_room(&c->stream) > 0)
            read_in(c);
        channel_update(c);
        return;
    }
    write_out(c); /* the disk may have room now */
    try_to_end(c->deputy);
}

int channel_open(struct deputy *d, uint16_t id, enum channel_kind kind, int fd, uint8_t flags)
{
    struct channel *c;
    struct statfs fs;
    struct stat stat;
    int error = 0;

    if (fcntl(fd, F_GETFD) < 0)
        return EBADF;
    c = mig_alloc(sizeof *c);
    memset(c, 0, sizeof *c);
    c->stream.id = id;
    c->stream.flags = flags;
    c->stream.owner = c;
    c->deputy = d;
    c->kind = kind;
    c->fd = c->io = fd;
    c->anonymous = kind == PIPE_OUT && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS;
    c->source = (struct mig_source){.fd = fd, .ready = channel_ready, .owner = c};
    c->retry = (struct mig_timer){.fire = try_again, .owner = c};
    /* Opened anew, a file would have an offset of its own, and one that is not in memory is never "ready now". */
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode))
        c->way = BY_POLL;
    if (kind == TERMINAL)
        error = terminal_open(c);
    if (error != 0) {
        free(c);
        return error;
    }
    c->next = d->channels;
    d->channels = c;
    mig_stream_add(&d->link, &c->stream);
    channel_update(c);
    return 0;
}

/* ---------------------------------------------------------------- what the capsule says */

void channel_received(struct mig_link *link, struct mig_stream *stream)
{
    struct channel *c = stream->owner;

    (void)link;
    if (c->fd < 0) {
        if (stream->in.len > 0) {
            mig_stream_send_closed(link, stream);
            discard(c);
        }
        return;
    }
    if (stream->closed_received && c->kind == PIPE_IN)
        channel_close(c);
    else if (stream->closed_received && c->kind == UNIX_SOCKET && stream->eof_received && stream->in.len == 0)
        channel_close(c);
    else if (stream->in.len > 0)
        write_out(c);
    else
        finished_writing(c);
    channel_update(c);
    try_to_end(c->deputy);
}

void channel_window(struct mig_link *link, struct mig_stream *stream)
{
    (void)link;
    channel_update(stream->owner);
}

void channel_unread(struct channel *c, const uint8_t *data, size_t len)
{
    int fd;

    if (c->kind != PIPE_IN || c->fd < 0)
        return;
    /* Only demand streams read no more than was asked for; a token of make's job server, say, then goes back to the others. */
    fd = open_again(c->fd, O_WRONLY);
    if (fd < 0)
        return;
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n <= 0)
            break;
        data += n;
        len -= (size_t)n;
    }
    close(fd);
}
