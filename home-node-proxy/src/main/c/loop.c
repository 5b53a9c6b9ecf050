/* The event loop: epoll and a sorted list of timers. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "link.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BATCH (sizeof((struct mig_loop *)0)->pending / sizeof(struct mig_source *))

int64_t mig_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int mig_loop_open(struct mig_loop *loop)
{
    memset(loop, 0, sizeof *loop);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    return loop->epoll < 0 ? -1 : 0;
}

void mig_loop_close(struct mig_loop *loop)
{
    if (loop->epoll >= 0)
        close(loop->epoll);
    loop->epoll = -1;
}

int mig_watch(struct mig_loop *loop, struct mig_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    if (source->added && source->events == events)
        return 0;
    if (epoll_ctl(loop->epoll, source->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, source->fd, &event) != 0)
        return -1;
    source->added = true;
    source->events = events;
    return 0;
}

void mig_unwatch(struct mig_loop *loop, struct mig_source *source)
{
    struct epoll_event unused = {0};
    size_t i;

    if (!source->added)
        return;
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, &unused);
    source->added = false;
    source->events = 0;
    for (i = 0; i < BATCH; i++)
        if (loop->pending[i] == source)
            loop->pending[i] = NULL;
}

void mig_timer_cancel(struct mig_loop *loop, struct mig_timer *timer)
{
    struct mig_timer **at;

    if (!timer->armed)
        return;
    for (at = &loop->timers; *at != NULL; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->armed = false;
}

void mig_timer_set(struct mig_loop *loop, struct mig_timer *timer, int64_t after_ms)
{
    struct mig_timer **at = &loop->timers;

    mig_timer_cancel(loop, timer);
    timer->due = mig_now() + after_ms;
    while (*at != NULL && (*at)->due <= timer->due)
        at = &(*at)->next;
    timer->next = *at;
    *at = timer;
    timer->armed = true;
}

static void fire_due(struct mig_loop *loop)
{
    int64_t now = mig_now();

    /* A timer that arms itself again for "at once" waits for the next round: descriptors get their turn. */
    while (!loop->stop && loop->timers != NULL && loop->timers->due <= now) {
        struct mig_timer *timer = loop->timers;

        loop->timers = timer->next;
        timer->armed = false;
        timer->fire(timer);
        if (mig_now() > now)
            return;
    }
}

void mig_loop_once(struct mig_loop *loop, int max_ms)
{
    struct epoll_event events[BATCH];
    int64_t wait = max_ms;
    int n, i;

    if (loop->timers != NULL) {
        int64_t left = loop->timers->due - mig_now();

        left = left < 0 ? 0 : left;
        if (wait < 0 || left < wait)
            wait = left;
    }
    n = epoll_wait(loop->epoll, events, BATCH, wait > 3600000 ? 3600000 : (int)wait);
    for (i = 0; i < (int)BATCH; i++)
        loop->pending[i] = i < n ? events[i].data.ptr : NULL;
    for (i = 0; i < n && !loop->stop; i++) {
        struct mig_source *source = loop->pending[i];

        loop->pending[i] = NULL;
        if (source != NULL)
            source->ready(source, events[i].events);
    }
    fire_due(loop);
}

void mig_loop_run(struct mig_loop *loop)
{
    while (!loop->stop)
        mig_loop_once(loop, -1);
}
