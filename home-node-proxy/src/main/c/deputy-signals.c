/* Signals: every one that reaches the deputy goes to the body, with its number, sender and value. */
#include "deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* A signal to the group reaches sentinel and deputy within microseconds of each other; scheduling may take a little longer. */
#define WITNESS_MS 3
#define FORGET_MS 20
/* So many frames may wait for a lost capsule before the kernel is left to queue (and to merge) signals. */
#define MANY_WAITING 256
#define PAUSE_MS 100

static void forward(struct deputy *d, const struct mig_signal *signal)
{
    if (signal->signo == SIGCONT) {
        /* A shell gives the terminal first and continues then: so must we. */
        terminals_refresh(d);
        d->conts++;
    }
    if (!d->ending || d->keeper)
        mig_link_post(&d->link, MIG_SIGNAL, signal, sizeof *signal, NULL, 0);
}

static bool is_terminal_signal(int signo)
{
    switch (signo) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGHUP:
    case SIGCONT:
    case SIGTTIN:
    case SIGTTOU:
        return true;
    }
    return false;
}

/* What the kernel told this process about its own doings is not the body's business: that has timers and files of its own. */
static bool concerns_deputy_only(const struct deputy *d, const struct signalfd_siginfo *info)
{
    if (info->ssi_code == SI_TIMER)
        return true;
    if (info->ssi_code > 0)
        return info->ssi_code != SI_KERNEL || !is_terminal_signal((int)info->ssi_signo);
    return info->ssi_signo == SIGPIPE && info->ssi_pid == (uint32_t)d->pid;
}

static void reap(struct deputy *d)
{
    pid_t child;

    while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
        if (child == d->sentinel)
            d->sentinel = 0;
}

/* ---------------------------------------------------------------- sentinel: was it for the whole group? */

static bool same_sending(const struct mig_signal *a, const struct mig_signal *b)
{
    return a->signo == b->signo && a->code == b->code && a->pid == b->pid && a->uid == b->uid;
}

static void take_out(struct pending_signal *list, unsigned *n, unsigned i)
{
    memmove(list + i, list + i + 1, (*n - i - 1) * sizeof *list);
    (*n)--;
}

static bool witnessed(struct deputy *d, const struct mig_signal *signal)
{
    unsigned i;

    for (i = 0; i < d->n_witnessed; i++) {
        if (same_sending(&d->witnessed[i].signal, signal)) {
            take_out(d->witnessed, &d->n_witnessed, i);
            return true;
        }
    }
    return false;
}

/* Sends off what was confirmed or has waited long enough, in the order of arrival. */
static void settle(struct deputy *d)
{
    int64_t now = mig_now();
    unsigned done = 0;

    while (d->n_witnessed > 0 && now - d->witnessed[0].since > FORGET_MS)
        take_out(d->witnessed, &d->n_witnessed, 0);
    while (done < d->n_waiting) {
        struct pending_signal *first = &d->waiting[done];

        if (!first->signal.group) {
            if (witnessed(d, &first->signal))
                first->signal.group = 1;
            else if (d->sentinel != 0 && now - first->since < WITNESS_MS)
                break;
        }
        forward(d, &first->signal);
        done++;
    }
    d->n_waiting -= done;
    memmove(d->waiting, d->waiting + done, d->n_waiting * sizeof d->waiting[0]);
    if (d->n_waiting > 0)
        mig_timer_set(&d->loop, &d->sentinel_timer, 1);
}

static void settle_later(struct mig_timer *timer)
{
    settle(timer->owner);
}

static void sentinel_readable(struct mig_source *source, uint32_t events)
{
    struct deputy *d = source->owner;
    struct mig_signal signal;
    ssize_t n;

    (void)events;
    while ((n = read(source->fd, &signal, sizeof signal)) == (ssize_t)sizeof signal) {
        if (d->n_witnessed == PENDING_SIGNALS)
            take_out(d->witnessed, &d->n_witnessed, 0);
        d->witnessed[d->n_witnessed++] = (struct pending_signal){signal, mig_now()};
    }
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        mig_unwatch(&d->loop, source);
        close(source->fd);
        source->fd = -1;
    }
    settle(d);
}

static struct mig_signal signal_of(const struct signalfd_siginfo *info)
{
    return (struct mig_signal){.signo = (int32_t)info->ssi_signo,
                               .code = info->ssi_code,
                               .pid = (int32_t)info->ssi_pid,
                               .uid = info->ssi_uid,
                               .value = info->ssi_ptr};
}

static void be_sentinel(int report, pid_t deputy)
{
    int keep[] = {report, -1};
    struct signalfd_siginfo info;
    sigset_t all;
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "mig-sentinel");
    if (getppid() != deputy)
        _exit(0);
    close_others(keep, 2);
    sigfillset(&all);
    fd = signalfd(-1, &all, SFD_CLOEXEC);
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        struct mig_signal signal = signal_of(&info);

        if (write(report, &signal, sizeof signal) != (ssize_t)sizeof signal)
            break;
    }
    _exit(0);
}

void sentinel_set(struct deputy *d, bool on)
{
    int ends[2];

    if (!on) {
        if (d->sentinel != 0)
            kill(d->sentinel, SIGKILL);
        d->sentinel = 0; /* reaped with the next SIGCHLD */
        if (d->sentinel_pipe.fd >= 0) {
            mig_unwatch(&d->loop, &d->sentinel_pipe);
            close(d->sentinel_pipe.fd);
            d->sentinel_pipe.fd = -1;
        }
        settle(d);
        return;
    }
    if (d->sentinel != 0 || d->keeper || d->ending || pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return;
    d->sentinel = fork();
    if (d->sentinel == 0)
        be_sentinel(ends[1], d->pid);
    close(ends[1]);
    if (d->sentinel < 0) {
        d->sentinel = 0;
        close(ends[0]);
        return;
    }
    d->sentinel_pipe = (struct mig_source){.fd = ends[0], .ready = sentinel_readable, .owner = d};
    mig_watch(&d->loop, &d->sentinel_pipe, EPOLLIN);
}

/* ---------------------------------------------------------------- arrival */

static void arrived(struct deputy *d, const struct signalfd_siginfo *info)
{
    struct mig_signal signal = signal_of(info);

    if (info->ssi_signo == SIGCHLD)
        reap(d);
    if (info->ssi_signo < 65 && d->drop[info->ssi_signo] > 0) {
        d->drop[info->ssi_signo]--;
        return;
    }
    if (info->ssi_signo == SIGWINCH && info->ssi_code == SI_KERNEL) {
        terminals_refresh(d);
        return;
    }
    if (concerns_deputy_only(d, info))
        return;
    signal.group = d->keeper || (info->ssi_code == SI_KERNEL && is_terminal_signal(signal.signo));
    if (d->n_waiting == PENDING_SIGNALS) {
        forward(d, &d->waiting[0].signal);
        take_out(d->waiting, &d->n_waiting, 0);
    }
    d->waiting[d->n_waiting++] = (struct pending_signal){signal, mig_now()};
    settle(d);
}

static void signals_readable(struct mig_source *source, uint32_t events)
{
    struct deputy *d = source->owner;
    struct signalfd_siginfo info;

    (void)events;
    if (d->link.waiting > MANY_WAITING) {
        mig_unwatch(&d->loop, source);
        mig_timer_set(&d->loop, &d->signals_pause, PAUSE_MS);
        return;
    }
    if (read(source->fd, &info, sizeof info) == (ssize_t)sizeof info)
        arrived(d, &info);
}

static void pause_over(struct mig_timer *timer)
{
    signals_start(timer->owner);
}

void signals_open(struct deputy *d)
{
    sigset_t all;
    int fd;

    sigfillset(&all);
    fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        deputy_fail("mig-deputy: no signal descriptor\n");
    d->signals = (struct mig_source){.fd = fd, .ready = signals_readable, .owner = d};
    d->signals_pause = (struct mig_timer){.fire = pause_over, .owner = d};
    d->sentinel_timer = (struct mig_timer){.fire = settle_later, .owner = d};
}

/* Not before the configuration is known: it tells which signals are not to be forwarded. */
void signals_start(struct deputy *d)
{
    mig_watch(&d->loop, &d->signals, EPOLLIN);
}
