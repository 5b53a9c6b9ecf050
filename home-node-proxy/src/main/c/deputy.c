/* Start, configuration and the conversation with the agent. */
#include "deputy.h"

#include <errno.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#define SOCKET_NAME "hull.sock"

void deputy_fail(const char *what)
{
    /* Only reached when not even a descriptor for the event loop is to be had; standard error may be the user's terminal. */
    ssize_t ignored = write(STDERR_FILENO, what, strlen(what));

    (void)ignored;
    _exit(127);
}

void close_others(int *keep, int n)
{
    unsigned from = 0;
    int i, j;

    for (i = 1; i < n; i++) {
        int fd = keep[i];

        for (j = i; j > 0 && keep[j - 1] > fd; j--)
            keep[j] = keep[j - 1];
        keep[j] = fd;
    }
    for (i = 0; i < n; i++) {
        if (keep[i] < 0)
            continue;
        if ((unsigned)keep[i] > from)
            close_range(from, (unsigned)keep[i] - 1, 0);
        from = (unsigned)keep[i] + 1;
    }
    close_range(from, ~0U, 0);
}

void tell_agent(struct deputy *d, uint16_t type, struct mig_bytes *text)
{
    mig_hull_send(&d->hull, type, d->link.id, 0, text->len > 0 ? mig_bytes_at(text) : NULL, text->len);
    mig_bytes_free(text);
}

/* ---------------------------------------------------------------- configuration */

static void close_what_is_no_stream(struct deputy *d)
{
    struct channel *c;
    int *keep, n = 5;

    for (c = d->channels; c != NULL; c = c->next)
        n += 2;
    keep = mig_alloc((size_t)n * sizeof *keep);
    n = 0;
    keep[n++] = d->loop.epoll;
    keep[n++] = d->hull.source.fd;
    keep[n++] = d->signals.fd;
    keep[n++] = d->sentinel_pipe.fd;
    for (c = d->channels; c != NULL; c = c->next) {
        keep[n++] = c->fd;
        keep[n++] = c->io;
    }
    close_others(keep, n);
    free(keep);
}

static bool kind_of(struct mig_span name, enum channel_kind *kind)
{
    static const char names[][9] = {"pipe-in", "pipe-out", "file-out", "unix", "tty"};
    unsigned i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (mig_text_is(name, names[i])) {
            *kind = (enum channel_kind)i;
            return true;
        }
    }
    return false;
}

/* errno, or 0 */
static int configure_stream(struct deputy *d, struct mig_span line)
{
    struct mig_span flags = mig_text_value(line, "flags");
    enum channel_kind kind;
    int64_t id, fd;

    if (!mig_text_number(mig_text_value(line, "stream"), &id) || id < 0 || id > UINT16_MAX
        || !mig_text_number(mig_text_value(line, "fd"), &fd) || fd < 0 || fd > INT32_MAX
        || !kind_of(mig_text_value(line, "kind"), &kind))
        return EINVAL;
    if (mig_stream_find(&d->link, (uint16_t)id) != NULL)
        return 0;
    return channel_open(d, (uint16_t)id, kind, (int)fd, mig_text_has(flags, "demand") ? MIG_STREAM_DEMAND : 0);
}

static void configure_drop(struct deputy *d, struct mig_span value)
{
    const char *colon = value.len > 0 ? memchr(value.at, ':', value.len) : NULL;
    struct mig_span number, count;
    int64_t signo, n;

    if (colon == NULL)
        return;
    number = (struct mig_span){value.at, (size_t)(colon - value.at)};
    count = (struct mig_span){colon + 1, value.len - number.len - 1};
    if (mig_text_number(number, &signo) && mig_text_number(count, &n) && signo > 0 && signo < 65 && n > 0 && n <= UINT16_MAX)
        d->drop[signo] = (uint16_t)n;
}

static bool continued_already(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

/* Comes again after every reconnection: what is known already stays as it is. */
static void configure(struct deputy *d, struct mig_span text)
{
    bool first = !d->configured;
    struct mig_bytes answer = {0};
    struct mig_span line, value;
    int64_t stopped = 0;
    char comm[16];

    while (mig_text_line(&text, &line)) {
        if ((value = mig_text_rest(line, "comm")).at != NULL) {
            if (value.len > sizeof comm - 1)
                value.len = sizeof comm - 1;
            if (mig_text_copy(value, comm, sizeof comm))
                prctl(PR_SET_NAME, comm);
        } else if ((value = mig_text_rest(line, "drop")).at != NULL) {
            if (first)
                configure_drop(d, value);
        } else if (mig_text_rest(line, "stream").at != NULL) {
            int error = configure_stream(d, line);

            if (error != 0) {
                mig_bytes_text(&answer, "error ");
                mig_bytes_number(&answer, error);
                mig_bytes_text(&answer, " ");
                mig_bytes_add(&answer, line.at, line.len);
                mig_bytes_text(&answer, "\n");
            }
        } else if ((value = mig_text_rest(line, "stopped")).at != NULL) {
            if (!mig_text_number(value, &stopped) || stopped < 1 || stopped > 64)
                stopped = 0;
        }
    }
    d->configured = true;
    if (first) {
        close_what_is_no_stream(d);
        terminals_start(d);
    }
    tell_agent(d, MIG_READY, &answer);
    if (!first)
        return;
    /* An original that was stopped stays stopped across its exec and never comes here before it was continued. */
    if (stopped != 0 && !continued_already())
        stop_self(d, (int)stopped);
    signals_start(d);
}

/* ---------------------------------------------------------------- frames */

static void connected(struct mig_hull *hull)
{
    struct deputy *d = hull->owner;
    struct mig_bytes text = {0};

    mig_bytes_text(&text, "version=1\nrole=");
    mig_bytes_text(&text, d->keeper ? "keeper" : "deputy");
    mig_bytes_text(&text, "\npid=");
    mig_bytes_number(&text, d->link.id);
    if (d->keeper) {
        mig_bytes_text(&text, "\nself=");
        mig_bytes_number(&text, d->pid);
    }
    mig_bytes_text(&text, "\n");
    tell_agent(d, MIG_HELLO, &text);
}

static void hop_frame(struct mig_hull *hull, const struct mig_frame *frame)
{
    struct deputy *d = hull->owner;

    if (frame->type == MIG_CONFIG && frame->link == d->link.id)
        configure(d, (struct mig_span){(const char *)frame->payload, frame->len});
}

const struct mig_hull_calls deputy_hull_calls = {.connected = connected, .frame = hop_frame};

static void link_frame(struct mig_link *link, uint16_t type, const uint8_t *payload, size_t len)
{
    struct deputy *d = link->owner;
    struct mig_reader r = mig_reader_of(payload, len);

    switch (type) {
    case MIG_STOPPED: {
        struct mig_stopped stopped = {.signo = (int32_t)mig_read_u32(&r), .conts = d->conts};

        if (mig_reader_left(&r) > 0)
            stopped.conts = mig_read_u32(&r);
        if (!r.bad)
            body_stopped(d, &stopped);
        break;
    }
    case MIG_EXIT: {
        struct mig_exit end = {.status = (int32_t)mig_read_u32(&r)};

        if (mig_reader_left(&r) > 0)
            end.leftovers = mig_read_u8(&r);
        if (!r.bad)
            body_ended(d, &end);
        break;
    }
    case MIG_TTY_MODE:
    case MIG_TTY_UNREAD:
        terminal_frame(d, type, &r);
        break;
    case MIG_GROUP:
        sentinel_set(d, mig_read_u8(&r) != 0);
        break;
    case MIG_FINISHED:
        keeper_finished(d);
        break;
    }
}

static void link_broken(struct mig_link *link, const char *why)
{
    struct deputy *d = link->owner;
    struct mig_bytes text = {0};

    mig_bytes_text(&text, "state=broken reason=");
    mig_bytes_text(&text, why);
    mig_bytes_text(&text, "\n");
    tell_agent(d, MIG_STATE, &text);
}

static const struct mig_link_calls link_calls = {
    .stream = channel_received, .window = channel_window, .frame = link_frame, .broken = link_broken};

/* ---------------------------------------------------------------- start */

/* The agent keeps a symbolic link to its socket beside this program. An agent's update replaces the program, not the folder. */
static const char *find_socket(void)
{
    size_t size = 4096;
    char *path = mig_alloc(size), *slash, *fit;
    ssize_t n = readlink("/proc/self/exe", path, size - sizeof SOCKET_NAME);

    path[n < 0 ? 0 : n] = '\0';
    slash = strrchr(path, '/');
    slash = slash == NULL ? path : slash + 1;
    strcpy(slash, SOCKET_NAME);
    fit = mig_alloc(strlen(path) + 1);
    strcpy(fit, path);
    free(path);
    return fit;
}

static void forget_inherited(void)
{
    static const struct itimerval none;
    struct rlimit limit;
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    /* Alarms survive an exec; the body has them too. */
    setitimer(ITIMER_REAL, &none, NULL);
    setitimer(ITIMER_VIRTUAL, &none, NULL);
    setitimer(ITIMER_PROF, &none, NULL);
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(void)
{
    static struct deputy deputy;
    struct deputy *d = &deputy;

    forget_inherited();
    d->pid = getpid();
    d->signals.fd = -1;
    d->sentinel_pipe.fd = -1;
    d->socket_path = find_socket();
    if (mig_loop_open(&d->loop) != 0)
        deputy_fail("mig-deputy: no event loop\n");
    signals_open(d);
    d->link = (struct mig_link){.id = (uint32_t)d->pid, .calls = &link_calls, .owner = d};
    d->hull = (struct mig_hull){.loop = &d->loop, .path = d->socket_path, .calls = &deputy_hull_calls, .owner = d};
    mig_hull_open(&d->hull);
    mig_link_attach(&d->hull, &d->link);
    mig_loop_run(&d->loop);
    return 0;
}
