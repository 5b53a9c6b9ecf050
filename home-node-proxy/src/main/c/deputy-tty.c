/*
 * The terminal stays at home with its line discipline: echo, editing, Ctrl-C and Ctrl-Z happen here. What programs would
 * read goes to the body, what the body writes is written here, and modes, size and the question "who is in the foreground"
 * are kept equal on both sides. Constants and struct of TCGETS2: ioctl_tty(2).
 */
#include "deputy.h"
#include "typing.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 100
#define HANDS_OFF_LOOKS 10
#define UNREAD_WAIT_MS 300

_Static_assert(sizeof(struct mig_tty_mode) == sizeof(struct termios2), "the wire carries the kernel's struct termios2");

static bool get_mode(const struct channel *c, struct mig_tty_mode *mode)
{
    return ioctl(c->io, TCGETS2, mode) == 0;
}

static void send_tty(struct channel *c, uint16_t type, const void *what, size_t len)
{
    mig_link_post(&c->deputy->link, type, &c->stream.id, sizeof c->stream.id, what, len);
}

int terminal_open(struct channel *c)
{
    struct mig_bytes path = {0};
    int own;

    if (!isatty(c->fd))
        return ENOTTY;
    mig_bytes_text(&path, "/proc/self/fd/");
    mig_bytes_number(&path, c->fd);
    mig_bytes_u8(&path, 0);
    own = open((const char *)mig_bytes_at(&path), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    mig_bytes_free(&path);
    /* Not permitted after su(1), for example: then the shared description has to do. */
    c->way = own < 0 ? BY_POLL : BY_OWN;
    if (own >= 0)
        c->io = c->source.fd = own;
    return 0;
}

/* ---------------------------------------------------------------- modes */

static void apply_mode(struct channel *c, const struct mig_tty_mode *wanted)
{
    struct mig_tty_mode mode = *wanted;

    mode.lflag &= ~(uint32_t)EXTPROC; /* that is how the guest's side is switched off, not how this one should be */
    if (!c->foreground && c->controlling)
        return; /* whoever is in the foreground now has other ideas; the body's are sent again when it returns */
    if (ioctl(c->io, TCSETS2, &mode) == 0 && get_mode(c, &mode))
        c->mode = mode;
}

void terminal_wrote(struct channel *c, size_t n)
{
    struct mode_change *change;

    for (change = c->changes; change != NULL; change = change->next)
        change->after = n > change->after ? 0 : change->after - n;
    while ((change = c->changes) != NULL && change->after == 0) {
        c->changes = change->next;
        apply_mode(c, &change->mode);
        free(change);
    }
}

static void change_mode(struct channel *c, const struct mig_tty_mode *mode)
{
    struct mode_change *change = mig_alloc(sizeof *change), **at = &c->changes;

    change->next = NULL;
    change->after = c->stream.in.len;
    change->mode = *mode;
    while (*at != NULL)
        at = &(*at)->next;
    *at = change;
    terminal_wrote(c, 0);
}

/* ---------------------------------------------------------------- what happens at home */

static void refresh(struct channel *c)
{
    struct mig_tty_size size = {0};
    struct mig_tty_mode mode;
    struct winsize window;
    pid_t group;
    bool controlling, foreground;

    if (c->fd < 0 || c->hung_up)
        return;
    group = tcgetpgrp(c->io);
    if (group < 0 && errno == EIO) {
        terminal_hung_up(c);
        return;
    }
    controlling = group >= 0;
    foreground = controlling && group == getpgrp();
    if (ioctl(c->io, TIOCGWINSZ, &window) == 0)
        size = (struct mig_tty_size){window.ws_row, window.ws_col, window.ws_xpixel, window.ws_ypixel};
    if (!c->known || memcmp(&size, &c->size, sizeof size) != 0)
        send_tty(c, MIG_TTY_SIZE, &size, sizeof size);
    /* In the background the modes belong to others (a shell's line editor): the body's are what they were. */
    if ((foreground || !controlling || !c->known) && get_mode(c, &mode)) {
        if (!c->known || memcmp(&mode, &c->mode, sizeof mode) != 0) {
            c->mode = mode;
            if (c->changes == NULL)
                send_tty(c, MIG_TTY_MODE, &mode, sizeof mode);
        }
    }
    if (!c->known || foreground != c->foreground || controlling != c->controlling) {
        /* A terminal that is not ours to control stops nobody. */
        uint8_t on = foreground || !controlling;

        send_tty(c, MIG_TTY_FG, &on, sizeof on);
    }
    c->size = size;
    c->foreground = foreground;
    c->controlling = controlling;
    c->known = true;
    if (c->hands_off > 0)
        c->hands_off--;
    channel_update(c);
}

void terminals_refresh(struct deputy *d)
{
    for (struct channel *c = d->channels; c != NULL; c = c->next)
        if (c->kind == TERMINAL)
            refresh(c);
}

static void look_again(struct mig_timer *timer)
{
    struct deputy *d = timer->owner;
    bool any = false;

    terminals_refresh(d);
    for (struct channel *c = d->channels; c != NULL; c = c->next)
        any |= c->kind == TERMINAL && c->fd >= 0 && !c->hung_up;
    if (any)
        mig_timer_set(&d->loop, &d->tty_timer, POLL_MS);
}

/* Nothing tells when a shell moves its job to the background, so terminals are looked at from time to time. */
void terminals_start(struct deputy *d)
{
    mig_timer_cancel(&d->loop, &d->tty_timer);
    d->tty_timer = (struct mig_timer){.fire = look_again, .owner = d};
    look_again(&d->tty_timer);
}

void terminal_read(struct channel *c)
{
    uint8_t buffer[4096];
    size_t room = mig_stream_room(&c->stream);
    ssize_t n;

    n = read(c->io, buffer, room > sizeof buffer ? sizeof buffer : room);
    if (n > 0) {
        mig_stream_send(&c->deputy->link, &c->stream, buffer, (size_t)n);
    } else if (n == 0) {
        /* Ctrl-D at the beginning of a line: a lone EOF character makes the guest's terminal, in EXTPROC mode, read zero bytes. */
        struct mig_tty_mode mode;

        if (get_mode(c, &mode) && mode.lflag & ICANON)
            mig_stream_send(&c->deputy->link, &c->stream, &mode.cc[VEOF], 1);
        else if (mig_stream_room(&c->stream) > 0 && !c->foreground)
            channel_update(c);
    } else if (errno == EIO) {
        /* In the background, or hung up. */
        refresh(c);
    }
}

void terminal_hung_up(struct channel *c)
{
    size_t n = c->stream.in.len;

    if (c->hung_up)
        return;
    c->hung_up = true;
    send_tty(c, MIG_TTY_HUP, NULL, 0);
    mig_stream_consumed(&c->deputy->link, &c->stream, n);
    terminal_wrote(c, n);
    c->must_flush = 0;
    channel_update(c);
}

/* ---------------------------------------------------------------- what the capsule says */

/*
 * Typed ahead and never read by the body: the next reader at home, the shell mostly, shall find it. It was echoed and its
 * special characters were obeyed when it was typed; both must not happen again.
 */
static void type_again(struct channel *c, const uint8_t *data, size_t len)
{
    struct mig_bytes text = {0};
    int before = 0, after = 0;
    int64_t end;
    size_t n;

    /* The body's end or stop follows; until then this process must not be the one that reads it again. */
    c->hands_off = HANDS_OFF_LOOKS;
    channel_update(c);
    n = type_quietly(c->io, data, len);
    if (n == len)
        return;
    /* dev.tty.legacy_tiocsti=0: the agent has the privilege. It works through our descriptor, so be there until it is done. */
    ioctl(c->io, FIONREAD, &before);
    mig_bytes_text(&text, "state=unread fd=");
    mig_bytes_number(&text, c->io);
    mig_bytes_text(&text, " bytes=");
    for (; n < len; n++) {
        if (data[n] < 16)
            mig_bytes_text(&text, "0");
        mig_bytes_hex(&text, data[n]);
    }
    mig_bytes_text(&text, "\n");
    tell_agent(c->deputy, MIG_STATE, &text);
    mig_hull_flush(&c->deputy->hull, UNREAD_WAIT_MS);
    for (end = mig_now() + UNREAD_WAIT_MS; mig_now() < end && after <= before;) {
        struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};

        nanosleep(&pause, NULL);
        if (ioctl(c->io, FIONREAD, &after) != 0)
            return;
    }
}

void terminals_take_back(struct deputy *d)
{
    for (struct channel *c = d->channels; c != NULL; c = c->next) {
        struct mig_bytes lost = {0};

        if (c->kind != TERMINAL || c->fd < 0 || c->hung_up)
            continue;
        mig_link_unacked_data(&d->link, c->stream.id, &lost);
        if (lost.len > 0)
            type_again(c, mig_bytes_at(&lost), lost.len);
        mig_bytes_free(&lost);
    }
}

void terminals_resume(struct deputy *d)
{
    for (struct channel *c = d->channels; c != NULL; c = c->next)
        c->hands_off = 0;
    terminals_refresh(d);
}

void terminal_frame(struct deputy *d, uint16_t type, struct mig_reader *r)
{
    struct mig_stream *stream = mig_stream_find(&d->link, mig_read_u16(r));
    struct channel *c = stream != NULL ? stream->owner : NULL;
    struct mig_tty_mode mode;
    const uint8_t *bytes;
    size_t len = mig_reader_left(r);

    if (r->bad || c == NULL)
        return;
    bytes = mig_read_raw(r, len);
    if (type == MIG_TTY_UNREAD && c->kind == PIPE_IN) {
        channel_unread(c, bytes, len);
    } else if (c->kind != TERMINAL || c->hung_up || c->fd < 0) {
        return;
    } else if (type == MIG_TTY_UNREAD) {
        type_again(c, bytes, len);
    } else if (len == sizeof mode) {
        memcpy(&mode, bytes, sizeof mode);
        change_mode(c, &mode);
    }
}
