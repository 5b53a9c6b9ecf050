/*
 * The guest's terminal. Line editing, echo and the signal keys are the business of the home terminal: the guest's pty has
 * the same modes plus EXTPROC, with which the kernel hands input over untouched (tty_ioctl(4); it exists for telnet).
 * Output is processed by the guest's pty, so the part that home would do twice (CR before LF) is taken out again here.
 */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 8192
#define CR_PAUSE_MS 10
#define FIRST_FEED_PAUSE_MS 1
#define LAST_FEED_PAUSE_MS 50
#define MAX_DRAIN 65536
#define UNREAD_CHUNK 4096 /* what a terminal holds */

/* ---------------------------------------------------------------- modes */

/* struct termios2 of the kernel is what the wire carries, see TCSETS2(2const); the C library has no name for it. */
#define GET_MODES _IOR('T', 0x2a, struct mig_tty_mode)
#define SET_MODES _IOW('T', 0x2b, struct mig_tty_mode)

static bool set_modes(const struct tty *tty, struct mig_tty_mode *modes)
{
    modes->lflag |= EXTPROC;
    return ioctl(tty->slave, SET_MODES, modes) == 0 && ioctl(tty->slave, GET_MODES, modes) == 0;
}

/* Speeds are left out: a pty has none. */
static bool same_modes(const struct mig_tty_mode *a, const struct mig_tty_mode *b)
{
    return a->iflag == b->iflag && a->oflag == b->oflag && a->cflag == b->cflag
           && ((a->lflag ^ b->lflag) & ~(uint32_t)EXTPROC) == 0 && memcmp(a->cc, b->cc, sizeof a->cc) == 0;
}

static bool adds_cr(const struct mig_tty_mode *m)
{
    return (m->oflag & OPOST) && (m->oflag & ONLCR);
}

/* The guest's modes as they are; makes sure EXTPROC is among them. */
static bool look_at_modes(struct tty *tty, struct mig_tty_mode *now)
{
    return ioctl(tty->slave, GET_MODES, now) == 0 && ((now->lflag & EXTPROC) != 0 || set_modes(tty, now));
}

static void tell_modes(struct tty *tty, const struct mig_tty_mode *now)
{
    struct mig_tty_mode told = *now;

    tty->modes = *now;
    tty->modes_owed = false;
    told.lflag &= ~(uint32_t)EXTPROC;
    mig_link_post(tty->stream->link, MIG_TTY_MODE, &tty->stream->base.id, sizeof tty->stream->base.id, &told, sizeof told);
}

/*
 * Output that passed the guest's pty is exactly what a terminal in raw mode has to show. So when the guest goes raw home
 * learns it before the rest of the output, and when it leaves raw mode only behind what is on its way.
 */
static void modes_changed(struct tty *tty, bool output_is_empty)
{
    struct mig_tty_mode now;

    if (!look_at_modes(tty, &now))
        return;
    if (same_modes(&now, &tty->modes))
        tty->modes_owed = false;
    else if (output_is_empty || !adds_cr(&now) || adds_cr(&tty->modes))
        tell_modes(tty, &now);
    else
        tty->modes_owed = true;
}

/* ---------------------------------------------------------------- output */

/* Appends to `late` what home has to be sent for these bytes. */
static void take_output(struct tty *tty, const uint8_t *bytes, size_t len)
{
    struct mig_bytes *late = &tty->stream->late;
    const uint8_t *end = bytes + len, *from = bytes;
    bool undo = adds_cr(&tty->modes);

    if (tty->held_cr && (!undo || bytes[0] != '\n'))
        mig_bytes_u8(late, '\r');
    tty->held_cr = false;
    while (undo && (bytes = memchr(bytes, '\r', (size_t)(end - bytes))) != NULL) {
        if (bytes + 1 == end) {
            mig_bytes_add(late, from, (size_t)(bytes - from));
            tty->held_cr = true;
            return;
        }
        if (bytes[1] == '\n') {
            mig_bytes_add(late, from, (size_t)(bytes - from));
            from = bytes + 1;
        }
        bytes++;
    }
    if (end > from)
        mig_bytes_add(late, from, (size_t)(end - from));
}

static void release_cr(struct tty *tty)
{
    if (tty->held_cr)
        mig_bytes_u8(&tty->stream->late, '\r');
    tty->held_cr = false;
}

/* One read from the master (first byte: status, see ioctl_tty(2) TIOCPKT). False when there is nothing. */
static bool read_master(struct stream *stream, size_t most)
{
    struct tty *tty = stream->capsule->tty;
    uint8_t buffer[CHUNK + 1];
    ssize_t n;

    most = most < CHUNK ? most : CHUNK;
    do
        n = read(stream->fd, buffer, most + 1);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    if (buffer[0] == TIOCPKT_DATA) {
        if (n > 1)
            take_output(tty, buffer + 1, (size_t)n - 1);
    } else {
        if (buffer[0] & TIOCPKT_FLUSHREAD) {
            /* tcflush() of the guest: what we hold for it counts as typed before */
            mig_bytes_free(&stream->early);
            mig_stream_consumed(stream->link, &stream->base, stream->base.in.len);
        }
        if (buffer[0] & TIOCPKT_IOCTL)
            modes_changed(tty, false);
    }
    return true;
}

/* Returns true when there may be more and home has room for it. */
static bool pump_out(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;
    unsigned drained = 0;
    uint32_t room;

    for (;;) {
        stream_send_late(stream);
        room = mig_stream_room(&stream->base);
        if (stream->late.len > 0 || room < 2) /* a held CR may join what is read */
            return false;
        if (tty->modes_owed && drained > MAX_DRAIN)
            modes_changed(tty, true);
        if (!read_master(stream, room - 1))
            break;
        drained += CHUNK;
    }
    if (tty->held_cr)
        mig_timer_set(&stream->capsule->loop, &tty->cr_timer, CR_PAUSE_MS);
    if (tty->modes_owed) {
        release_cr(tty);
        stream_send_late(stream);
        modes_changed(tty, true);
    }
    return true;
}

static void cr_is_alone(struct mig_timer *timer)
{
    struct stream *stream = timer->owner;

    if (!stream->live || stream->fd < 0)
        return;
    release_cr(stream->capsule->tty);
    stream_pump(stream);
}

void tty_drain(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;
    size_t limit = stream->late.len + MAX_DRAIN;

    if (stream->fd < 0)
        return;
    while (stream->late.len < limit && read_master(stream, CHUNK))
        continue;
    release_cr(tty);
}

/* ---------------------------------------------------------------- input */

/* A canonical reader gets a line at a time, and end of file only when its character stands alone. */
static size_t next_unit(const struct mig_tty_mode *t, const struct mig_bytes *queue)
{
    const uint8_t *at = mig_bytes_at(queue);
    size_t n;

    if (!(t->lflag & ICANON))
        return queue->len;
    if (at[0] == t->cc[VEOF])
        return 1;
    for (n = 0; n < queue->len; n++) {
        if (at[n] == t->cc[VEOF])
            return n;
        if (at[n] == '\n' || (at[n] == t->cc[VEOL] && at[n] != 0) || (at[n] == t->cc[VEOL2] && at[n] != 0))
            return n + 1;
    }
    return n;
}

static bool guest_has_unread(const struct tty *tty)
{
    /* Unlike FIONREAD poll() waits for what is on its way between the two sides. */
    struct pollfd p = {.fd = tty->slave, .events = POLLIN};

    return poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0;
}

/* Returns true when the pty is full. */
static bool pump_in(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;

    while (stream->early.len > 0 || stream->base.in.len > 0) {
        struct mig_bytes *queue = stream->early.len > 0 ? &stream->early : &stream->base.in;
        ssize_t n;

        if ((tty->modes.lflag & ICANON) && guest_has_unread(tty)) {
            mig_timer_set(&stream->capsule->loop, &tty->feed_timer, tty->feed_pause);
            tty->feed_pause = tty->feed_pause * 2 > LAST_FEED_PAUSE_MS ? LAST_FEED_PAUSE_MS : tty->feed_pause * 2;
            return false;
        }
        n = write(stream->fd, mig_bytes_at(queue), next_unit(&tty->modes, queue));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        tty->feed_pause = FIRST_FEED_PAUSE_MS;
        if (queue == &stream->base.in)
            mig_stream_consumed(stream->link, &stream->base, (size_t)n);
        else
            mig_bytes_drop(queue, (size_t)n);
    }
    return false;
}

static void feed_again(struct mig_timer *timer)
{
    stream_pump(timer->owner);
}

void tty_take_unread(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;
    struct mig_bytes unread = {0};
    uint8_t buffer[UNREAD_CHUNK];
    int pending = 0;

    guest_has_unread(tty);
    while (tty->slave >= 0 && ioctl(tty->slave, FIONREAD, &pending) == 0 && pending > 0 && unread.len < MIG_WINDOW) {
        ssize_t n = read(tty->slave, buffer, sizeof buffer);

        if (n < 0)
            break;
        if (n > 0)
            mig_bytes_add(&unread, buffer, (size_t)n);
        else /* the end-of-file character alone */
            mig_bytes_u8(&unread, tty->modes.cc[VEOF]);
    }
    stream_put_first(stream, &unread);
}

/* ---------------------------------------------------------------- what home says */

void tty_set_foreground(struct stream *stream, bool foreground)
{
    struct capsule *capsule = stream->capsule;
    struct tty *tty = capsule->tty;
    struct order order = {.what = ORDER_FOREGROUND, .tty_index = tty->index};
    pid_t now;

    if (stream->fd < 0 || (tty->foreground_known && tty->foreground == foreground))
        return;
    tty->foreground = foreground;
    tty->foreground_known = true;
    if (capsule->sid == capsule->root) /* the guest has the whole session and rules over its terminal itself */
        return;
    now = tcgetpgrp(stream->fd);
    if (foreground) {
        /* A shell in the capsule may have had a job of its own in front. */
        order.group = tty->guest_group > 0 && kill(-tty->guest_group, 0) == 0 ? tty->guest_group : capsule->pgid;
        if (now > 0 && now != capsule->sid && kill(-now, 0) == 0)
            return;
    } else {
        tty->guest_group = now > 0 && now != capsule->sid ? now : 0;
        order.group = capsule->sid;
        if (capsule->pgid == capsule->sid) /* the root is in the holder's own group: nothing can be put before it */
            return;
    }
    capsule_order(capsule, &capsule->holder, &order);
}

void tty_frame(struct stream *stream, uint16_t type, const uint8_t *payload, size_t len)
{
    struct tty *tty = stream->capsule->tty;
    struct mig_tty_mode mode;
    struct mig_tty_size size;

    if (stream->fd < 0)
        return;
    if (type == MIG_TTY_MODE && len >= sizeof mode) {
        memcpy(&mode, payload, sizeof mode);
        if (!set_modes(tty, &mode))
            return;
        tty->modes = mode;
        tty->modes_owed = false;
    } else if (type == MIG_TTY_SIZE && len >= sizeof size) {
        memcpy(&size, payload, sizeof size);
        struct winsize w = {.ws_row = size.rows, .ws_col = size.cols, .ws_xpixel = size.xpixel, .ws_ypixel = size.ypixel};

        ioctl(stream->fd, TIOCSWINSZ, &w);
    } else if (type == MIG_TTY_FG && len >= 1) {
        tty_set_foreground(stream, payload[0] != 0);
    } else if (type == MIG_TTY_HUP) {
        /* Home sends the SIGHUP that belongs to it; the kernel's own here must hit nobody else. */
        tty_set_foreground(stream, false);
        stream_close(stream);
    }
}

/* ---------------------------------------------------------------- life */

static void ready(struct mig_source *source, uint32_t events)
{
    struct stream *stream = source->owner;

    (void)events;
    stream_pump(stream);
    body_progress((struct body *)stream->link);
}

int tty_open(struct stream *stream, int index)
{
    struct tty *tty;
    char path[32];
    struct stat st;
    int packet = 1;

    snprintf(path, sizeof path, "/dev/pts/%d", index);
    stream->fd = space_open_pty(index);
    if (stream->fd < 0)
        return -errno;
    tty = mig_alloc(sizeof *tty);
    *tty = (struct tty){.stream = stream, .index = index, .slave = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    stream->capsule->tty = tty;
    if (tty->slave < 0 || ioctl(stream->fd, TIOCPKT, &packet) != 0 || fstat(tty->slave, &st) != 0
        || !look_at_modes(tty, &tty->modes))
        return -errno;
    tty->feed_pause = FIRST_FEED_PAUSE_MS;
    tty->feed_timer = (struct mig_timer){.fire = feed_again, .owner = stream};
    tty->cr_timer = (struct mig_timer){.fire = cr_is_alone, .owner = stream};
    stream->guest_dev = st.st_dev;
    stream->guest_ino = st.st_ino;
    stream->guest_fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC); /* for a root that leads its session */
    stream->source = (struct mig_source){.fd = stream->fd, .ready = ready, .owner = stream};
    return stream->guest_fd < 0 ? -errno : 0;
}

void tty_start(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;
    struct mig_tty_mode now;
    bool wish = tty->foreground;

    if (stream->fd < 0 || !look_at_modes(tty, &now))
        return;
    if (!tty->modes_owed) /* nothing was agreed on before: the modes of the image are those of home */
        tty->modes = now;
    tty->modes_owed = !same_modes(&now, &tty->modes);
    if (tty->foreground_known) { /* criu put the root's group in front */
        tty->foreground_known = false;
        tty_set_foreground(stream, wish);
    }
}

void tty_pump(struct stream *stream)
{
    bool full;

    pump_out(stream); /* before the input: it may bring new modes */
    full = pump_in(stream);
    if (stream->late.len > 0 || mig_stream_room(&stream->base) < 2) {
        if (full)
            mig_watch(&stream->capsule->loop, &stream->source, EPOLLOUT);
        else
            mig_unwatch(&stream->capsule->loop, &stream->source);
    } else {
        mig_watch(&stream->capsule->loop, &stream->source, EPOLLIN | (full ? EPOLLOUT : 0));
    }
}

void tty_freeze(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;

    mig_timer_cancel(&stream->capsule->loop, &tty->feed_timer);
    mig_timer_cancel(&stream->capsule->loop, &tty->cr_timer);
}

void tty_retire(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;

    mig_timer_cancel(&stream->capsule->loop, &tty->feed_timer);
    mig_timer_cancel(&stream->capsule->loop, &tty->cr_timer);
    mig_unwatch(&stream->capsule->loop, &stream->source);
    mig_bytes_free(&stream->late);
    stream->live = false;
    stream->in_done = true;
    stream->out_done = true;
}

void tty_close(struct stream *stream)
{
    struct tty *tty = stream->capsule->tty;

    mig_timer_cancel(&stream->capsule->loop, &tty->feed_timer);
    mig_timer_cancel(&stream->capsule->loop, &tty->cr_timer);
    if (tty->slave >= 0)
        close(tty->slave);
    tty->slave = -1;
}

void tty_export(const struct stream *stream, struct mig_bytes *out)
{
    const struct tty *tty = stream->capsule->tty;
    struct winsize w = {0};

    mig_bytes_add(out, &tty->modes, sizeof tty->modes);
    mig_bytes_u8(out, tty->foreground_known ? (tty->foreground ? 2 : 1) : 0);
    mig_bytes_u32(out, (uint32_t)tty->guest_group);
    if (stream->fd >= 0)
        ioctl(stream->fd, TIOCGWINSZ, &w);
    mig_bytes_add(out, &w, sizeof w);
}

bool tty_import(struct stream *stream, struct mig_reader *r)
{
    struct tty *tty = stream->capsule->tty;
    const uint8_t *mode = mig_read_raw(r, sizeof(struct mig_tty_mode));
    uint8_t foreground = mig_read_u8(r);
    pid_t group = (pid_t)mig_read_u32(r);
    const uint8_t *size = mig_read_raw(r, sizeof(struct winsize));

    if (r->bad || foreground > 2)
        return false;
    memcpy(&tty->modes, mode, sizeof tty->modes);
    tty->modes_owed = true; /* to be compared with what criu restores */
    tty->foreground_known = foreground != 0;
    tty->foreground = foreground == 2;
    tty->guest_group = group;
    if (stream->fd >= 0)
        ioctl(stream->fd, TIOCSWINSZ, size);
    return true;
}
