/* Stopping, continuing and ending as the body did. */
#include "deputy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LAST_WORDS_MS 200

static void tell_state(struct deputy *d, const char *state, int signo)
{
    struct mig_bytes text = {0};

    mig_bytes_text(&text, "state=");
    mig_bytes_text(&text, state);
    if (signo != 0) {
        mig_bytes_text(&text, " signal=");
        mig_bytes_number(&text, signo);
    }
    mig_bytes_text(&text, "\n");
    tell_agent(d, MIG_STATE, &text);
}

static void set_blocked(int signo, bool blocked)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signo);
    sigprocmask(blocked ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* The default action of the signal, at once. Returns if that was not the end. */
static void suffer(int signo)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};

    sigaction(signo, &standard, NULL);
    kill(getpid(), signo);
    set_blocked(signo, false);
    set_blocked(signo, true);
}

static bool continue_pending(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

void stop_self(struct deputy *d, int signo)
{
    tell_state(d, "stopped", signo);
    /* Asleep for who knows how long: nobody shall wait for an acknowledgement meanwhile. */
    d->link.ack_due = true;
    mig_hull_flush(&d->hull, LAST_WORDS_MS);
    if (!continue_pending() && signo != SIGSTOP)
        suffer(signo);
    /*
     * The kernel ignores all stop signals but SIGSTOP in an orphaned process group. A pending SIGCONT tells that we were
     * stopped and continued, or continued before it came to that.
     */
    if (!continue_pending())
        kill(getpid(), SIGSTOP);
    tell_state(d, "running", 0);
    terminals_resume(d);
    mig_link_resync(&d->link);
}

void body_stopped(struct deputy *d, const struct mig_stopped *stopped)
{
    if (d->ending || d->keeper || stopped->signo < 1 || stopped->signo > 64)
        return;
    /* Continued at home since: the body will hear of it, or has. */
    if (stopped->conts < d->conts || continue_pending())
        return;
    stop_self(d, stopped->signo);
}

/* ---------------------------------------------------------------- the end */

static void die(int status)
{
    if (WIFSIGNALED(status)) {
        prctl(PR_SET_DUMPABLE, 0); /* a core of the deputy would help nobody */
        suffer(WTERMSIG(status));
        _exit(128 + WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

static void last_words(struct deputy *d, pid_t keeper)
{
    struct mig_bytes text = {0};

    mig_bytes_text(&text, "status=");
    mig_bytes_number(&text, d->exit.status);
    if (keeper > 0) {
        mig_bytes_text(&text, "\nkeeper=");
        mig_bytes_number(&text, keeper);
    }
    mig_bytes_text(&text, "\n");
    d->link.ack_due = true;
    tell_agent(d, MIG_ENDED, &text);
    mig_hull_flush(&d->hull, LAST_WORDS_MS);
}

/* Goes on in a new process: streams and link as they are, a connection and an event loop of its own. */
static void become_keeper(struct deputy *d)
{
    struct channel *c;

    d->keeper = true;
    d->ending = false;
    d->pid = getpid();
    d->sentinel = 0;
    if (d->sentinel_pipe.fd >= 0)
        close(d->sentinel_pipe.fd);
    d->sentinel_pipe = (struct mig_source){.fd = -1};
    mig_unwatch(&d->loop, &d->signals);
    mig_hull_close(&d->hull);
    /* The epoll instance is shared with the deputy, which ends with its own descriptors registered there. */
    close(d->loop.epoll);
    d->loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->loop.epoll < 0)
        deputy_fail("mig-deputy: no event loop for the keeper\n");
    for (c = d->channels; c != NULL; c = c->next)
        c->source.added = false;
    mig_hull_open(&d->hull);
    signals_start(d);
    for (c = d->channels; c != NULL; c = c->next)
        channel_update(c);
    terminals_start(d);
}

static void finish(struct deputy *d)
{
    pid_t keeper = 0;

    sentinel_set(d, false);
    if (d->exit.leftovers) {
        keeper = fork();
        if (keeper == 0) {
            become_keeper(d);
            return;
        }
    }
    if (keeper < 0) {
        /* No process to be had: rather a parent that waits than output that is lost. */
        struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};

        nanosleep(&pause, NULL);
        finish(d);
        return;
    }
    /* Streams that were promised an end get it before the parent hears of ours. */
    if (keeper == 0)
        for (struct channel *c = d->channels; c != NULL; c = c->next)
            channel_close(c);
    last_words(d, keeper);
    die(d->exit.status);
}

void try_to_end(struct deputy *d)
{
    if (!d->ending)
        return;
    for (struct channel *c = d->channels; c != NULL; c = c->next)
        if (c->fd >= 0 && (c->must_flush > 0 || c->changes != NULL))
            return;
    finish(d);
}

void body_ended(struct deputy *d, const struct mig_exit *end)
{
    struct channel *c;

    if (d->ending || d->keeper)
        return;
    d->exit = *end;
    d->ending = true;
    if (!end->leftovers)
        terminals_take_back(d);
    for (c = d->channels; c != NULL; c = c->next) {
        c->must_flush = c->stream.in.len;
        channel_update(c);
    }
    try_to_end(d);
}

void keeper_finished(struct deputy *d)
{
    if (!d->keeper)
        return;
    /* Ends as soon as everything is written; nobody waits for the status. */
    d->exit = (struct mig_exit){0};
    d->ending = true;
    for (struct channel *c = d->channels; c != NULL; c = c->next)
        c->must_flush = c->stream.in.len;
    try_to_end(d);
}
