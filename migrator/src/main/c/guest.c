/* The processes in the capsule: how they stop and end, what signals they get, what home learns of it. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MISSED_TICKS 3

static const struct mig_link_calls link_calls;

/* ---------------------------------------------------------------- bodies */

struct body *body_find(const struct capsule *capsule, pid_t pid)
{
    struct body *body = capsule->bodies;

    while (body != NULL && body->pid != pid)
        body = body->next;
    return body;
}

static void pidfd_ready(struct mig_source *source, uint32_t events);

struct body *body_get(struct capsule *capsule, pid_t pid)
{
    struct body *body = body_find(capsule, pid), **last = &capsule->bodies;
    unsigned count = 0;

    if (body != NULL)
        return body;
    for (; *last != NULL; last = &(*last)->next)
        count++;
    if (pid <= 1 || count >= MAX_BODIES)
        return NULL;
    body = mig_alloc(sizeof *body);
    memset(body, 0, sizeof *body);
    body->capsule = capsule;
    body->pid = pid;
    body->pidfd = (struct mig_source){.fd = -1, .ready = pidfd_ready, .owner = body};
    body->link.id = (uint32_t)pid;
    body->link.calls = &link_calls;
    body->link.owner = body;
    *last = body;
    mig_link_attach(&capsule->hull, &body->link);
    mig_link_hold(&body->link, true); /* until RESTORED */
    return body;
}

static void forget_pidfd(struct body *body)
{
    mig_unwatch(&body->capsule->loop, &body->pidfd);
    if (body->pidfd.fd >= 0)
        close(body->pidfd.fd);
    body->pidfd.fd = -1;
}

void body_free(struct body *body)
{
    struct body **at = &body->capsule->bodies;

    while (*at != NULL && *at != body)
        at = &(*at)->next;
    if (*at != NULL)
        *at = body->next;
    forget_pidfd(body);
    mig_link_detach(&body->link);
    free(body);
}

static bool is_family(const struct capsule *capsule, pid_t pid)
{
    return pid == 1 || pid == capsule->nanny.pid || pid == capsule->holder.pid;
}

int body_start(struct body *body, int stopped)
{
    int fd = (int)syscall(SYS_pidfd_open, body->pid, 0);
    struct proc_stat stat;

    if (fd < 0)
        return -errno;
    if (!proc_read_stat(body->pid, &stat)) {
        close(fd);
        return -ESRCH;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    body->restored = true;
    body->stopped = stopped;
    body->stop_known = stopped != 0 && !body->stop_owed;
    body->group = stat.pgrp;
    body->pidfd.fd = fd;
    body->reported = is_family(body->capsule, stat.ppid);
    if (!body->reported)
        mig_watch(&body->capsule->loop, &body->pidfd, EPOLLIN);
    return 0;
}

static bool uses_link(const struct stream *stream, const struct body *body)
{
    return stream->link == &body->link;
}

/* ---------------------------------------------------------------- what home is told */

static void tell_stopped(struct body *body)
{
    struct mig_stopped stopped = {.signo = body->stopped, .conts = body->conts};
    struct tty *tty = body->capsule->tty;

    if (body->ended || !body->stop_owed)
        return;
    if (body->stopped != 0) {
        if (tty != NULL && uses_link(tty->stream, body))
            stream_give_back(tty->stream);
        mig_link_post(&body->link, MIG_STOPPED, &stopped, sizeof stopped, NULL, 0);
    } else {
        mig_link_post(&body->link, MIG_CONTINUED, NULL, 0, NULL, 0);
    }
    body->stop_owed = false;
}

/* The body is gone: whatever it wrote must be on its way before its end is told. */
static void tell_exit(struct body *body)
{
    struct mig_exit message = {.status = body->status, .leftovers = body->leftovers};
    struct stream *stream;

    if (!body->ended || body->exit_sent)
        return;
    for (stream = body->capsule->streams; stream != NULL; stream = stream->next)
        if (uses_link(stream, body) && !stream->out_done && stream->sent < stream->barrier)
            return;
    body->exit_sent = true;
    for (stream = body->capsule->streams; stream != NULL; stream = stream->next) {
        if (!uses_link(stream, body))
            continue;
        if (stream->fd >= 0 && (stream->kind == KIND_TTY || (!body->leftovers && (stream->base.flags & MIG_STREAM_DEMAND))))
            stream_give_back(stream);
        if (!body->leftovers)
            stream_retire(stream);
    }
    mig_link_post(&body->link, MIG_EXIT, &message, sizeof message, NULL, 0);
}

static bool streams_over(const struct body *body)
{
    const struct stream *stream;

    for (stream = body->capsule->streams; stream != NULL; stream = stream->next)
        if (uses_link(stream, body) && !stream_over(stream))
            return false;
    return true;
}

static void tell_finished(struct body *body)
{
    if (!body->exit_sent || !body->leftovers || body->finished_sent || !streams_over(body))
        return;
    body->finished_sent = true;
    mig_link_post(&body->link, MIG_FINISHED, NULL, 0, NULL, 0);
}

void body_progress(struct body *body)
{
    if (!body->restored || body->capsule->exported)
        return;
    tell_stopped(body);
    tell_exit(body);
    tell_finished(body);
}

/* ---------------------------------------------------------------- the end of a body */

static void body_ended(struct body *body, int status)
{
    struct stream *stream;

    if (body->ended || !body->restored)
        return;
    forget_pidfd(body);
    body->ended = true;
    body->status = status;
    for (stream = body->capsule->streams; stream != NULL; stream = stream->next) {
        if (!uses_link(stream, body) || stream_over(stream))
            continue;
        if (stream_in_use(stream, body->pid))
            body->leftovers = true;
        /* After EXPORT all that was written is in `late` already, and the new capsule's business. */
        if (!body->capsule->exported) {
            stream_drain(stream);
            stream_pump(stream);
        }
    }
    body_progress(body);
}

/* PIDFD_GET_INFO as of Linux 6.15, which remembers the exit code of a reaped process; C libraries do not know it yet. */
struct pidfd_info_v0 {
    uint64_t mask, cgroup;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
};

static int exit_code_of(int pidfd)
{
    struct pidfd_info_v0 info = {.mask = 1 << 3};

    return ioctl(pidfd, _IOWR(0xff, 11, struct pidfd_info_v0), &info) == 0 && (info.mask & 1 << 3) ? info.exit_code : 0;
}

/* A body whose parent lives in the capsule: its own parent gets the status, we read what /proc shows of the zombie. */
static void pidfd_ready(struct mig_source *source, uint32_t events)
{
    struct body *body = source->owner;
    struct proc_stat stat;

    (void)events;
    mig_unwatch(&body->capsule->loop, source);
    if (!proc_read_stat(body->pid, &stat)) /* reaped in between */
        stat.exit_code = exit_code_of(source->fd);
    else if (is_family(body->capsule, stat.ppid))
        return; /* it lost its parent, the report comes any moment */
    body_ended(body, stat.exit_code);
    guest_check_empty(body->capsule);
}

static void event_exit(struct capsule *capsule, const struct report *r)
{
    char text[256];

    snprintf(text, sizeof text, "event=exit pid=%d status=%d utime_us=%llu stime_us=%llu maxrss_kb=%llu\n", r->pid, r->status,
             (unsigned long long)r->utime_us, (unsigned long long)r->stime_us, (unsigned long long)r->maxrss_kb);
    capsule_event(capsule, text);
}

void guest_report(struct capsule *capsule, const struct report *report)
{
    struct body *body = body_find(capsule, report->pid);
    char text[64];
    size_t i;

    for (i = 0; i < sizeof capsule->criu / sizeof *capsule->criu; i++)
        if (capsule->criu[i] == report->pid && (WIFEXITED(report->status) || WIFSIGNALED(report->status)))
            capsule->criu[i] = 0;
    if (body == NULL || !body->restored) {
        guest_check_empty(capsule);
        return;
    }
    if (WIFSTOPPED(report->status)) {
        if (body->stop_known)
            return;
        body->stop_owed = true;
        body->stopped = WSTOPSIG(report->status);
        snprintf(text, sizeof text, "event=stopped pid=%d signal=%d\n", body->pid, body->stopped);
        capsule_event(capsule, text);
        body_progress(body);
    } else if (WIFCONTINUED(report->status)) {
        body->stopped = 0;
        body->stop_owed = true;
        snprintf(text, sizeof text, "event=continued pid=%d\n", body->pid);
        capsule_event(capsule, text);
        body_progress(body);
    } else {
        event_exit(capsule, report);
        body_ended(body, report->status);
        guest_check_empty(capsule);
    }
}

/* ---------------------------------------------------------------- all guests */

bool guest_is(const struct capsule *capsule, const struct proc_stat *stat)
{
    size_t i;

    if (stat->pid == 1 || stat->pid == capsule->holder.pid || stat->pid == capsule->nanny.pid)
        return false;
    for (i = 0; i < sizeof capsule->criu / sizeof *capsule->criu; i++)
        if (capsule->criu[i] != 0 && (stat->pid == capsule->criu[i] || stat->ppid == capsule->criu[i]))
            return false;
    return true;
}

struct count {
    const struct capsule *capsule;
    unsigned live;
};

static bool count_live(void *owner, const struct proc_stat *stat)
{
    struct count *count = owner;

    count->live += guest_is(count->capsule, stat) && stat->state != 'Z' && stat->state != 'X';
    return true;
}

unsigned guest_count(struct capsule *capsule)
{
    struct count count = {.capsule = capsule};

    proc_each(count_live, &count);
    return count.live;
}

static bool nobody_left(struct capsule *capsule)
{
    struct body *body;

    for (body = capsule->bodies; body != NULL; body = body->next)
        if (!body->ended) /* even when it is no more: how it ended is on its way to us */
            return false;
    return guest_count(capsule) == 0;
}

static bool all_told(const struct capsule *capsule)
{
    const struct body *body;

    for (body = capsule->bodies; body != NULL; body = body->next)
        if (!body->link.dead && (!body->exit_sent || (body->leftovers && !body->finished_sent) || !mig_link_settled(&body->link)))
            return false;
    return true;
}

void guest_check_empty(struct capsule *capsule)
{
    struct body *body;
    struct stream *tty = capsule->tty != NULL ? capsule->tty->stream : NULL;

    if (!capsule->restored || capsule->exported || capsule->empty_told)
        return;
    if (!capsule->empty && !nobody_left(capsule))
        return;
    if (!capsule->empty)
        mig_timer_cancel(&capsule->loop, &capsule->tick); /* comes sooner from now on */
    capsule->empty = true;
    /* Pipes end by themselves; the terminal can be opened by nobody any more. */
    if (tty != NULL && !stream_over(tty)) {
        stream_drain(tty);
        stream_pump(tty);
        if (tty->late.len == 0)
            stream_close(tty);
    }
    for (body = capsule->bodies; body != NULL; body = body->next)
        body_progress(body);
    /* The answer to this event will be DESTROY, so it has to wait for home. */
    if (all_told(capsule)) {
        capsule->empty_told = true;
        capsule_event(capsule, "event=empty\n");
    }
    capsule_timers(capsule);
}

/* ---------------------------------------------------------------- signals */

static bool from_kernel_tty(const struct mig_signal *s)
{
    return s->group && s->code > 0
           && (s->signo == SIGINT || s->signo == SIGQUIT || s->signo == SIGTSTP || s->signo == SIGHUP || s->signo == SIGCONT
               || s->signo == SIGTTIN || s->signo == SIGTTOU);
}

/* Sender, code and value come through where the kernel lets us say them: sigqueue(3) and what looks like it. */
static void deliver(pid_t pid, const struct mig_signal *s)
{
    siginfo_t info;

    if (s->signo == SIGKILL || s->signo == SIGSTOP || s->signo == SIGCONT || s->code > 0) {
        kill(pid, s->signo);
        return;
    }
    memset(&info, 0, sizeof info);
    info.si_signo = s->signo;
    info.si_code = s->code < 0 && s->code != SI_TKILL ? s->code : SI_QUEUE;
    info.si_pid = s->pid;
    info.si_uid = s->uid;
    info.si_value.sival_ptr = (void *)(uintptr_t)s->value;
    if (syscall(SYS_rt_sigqueueinfo, pid, s->signo, &info) != 0 && errno != ESRCH)
        kill(pid, s->signo);
}

struct fan_out {
    struct capsule *capsule;
    const struct mig_signal *signal;
    pid_t group;
};

static bool deliver_to_member(void *owner, const struct proc_stat *stat)
{
    struct fan_out *f = owner;

    if (stat->pgrp == f->group && stat->state != 'Z' && guest_is(f->capsule, stat) && body_find(f->capsule, stat->pid) == NULL)
        deliver(stat->pid, f->signal);
    return true;
}

static pid_t group_of(pid_t pid)
{
    struct proc_stat stat;

    return proc_read_stat(pid, &stat) && stat.state != 'Z' ? stat.pgrp : 0;
}

/* Of several bodies in one group, each of which hears of a group signal, the first one passes it on to those without deputy. */
static bool speaks_for_group(const struct body *body, pid_t group)
{
    const struct body *other;

    for (other = body->capsule->bodies; other != NULL && other != body; other = other->next)
        if (!other->ended && group_of(other->pid) == group)
            return false;
    return true;
}

static void take_signal(struct body *body, const uint8_t *payload, size_t len)
{
    struct capsule *capsule = body->capsule;
    struct mig_signal s;
    pid_t own, group;

    if (len < sizeof s)
        return;
    memcpy(&s, payload, sizeof s);
    if (s.signo <= 0 || s.signo >= NSIG)
        return;
    if (s.signo == SIGCONT) {
        body->conts++;
        body->stop_known = false;
    }
    if (body->ended) {
        struct fan_out f = {capsule, &s, body->group};

        /* A keeper at home stands for those whom the body left behind. */
        if (s.group && body->leftovers && body->group > 0)
            proc_each(deliver_to_member, &f);
        return;
    }
    own = group_of(body->pid);
    group = own;
    /* A shell among the guests may have put another group in front: Ctrl-C is meant for that one. */
    if (from_kernel_tty(&s) && s.signo != SIGHUP && s.signo != SIGCONT && capsule->tty != NULL && capsule->tty->stream->fd >= 0) {
        pid_t front = tcgetpgrp(capsule->tty->stream->fd);

        if (front > 0 && front != capsule->sid && front != own && kill(-front, 0) == 0) {
            struct fan_out f = {capsule, &s, front};

            if (body == capsule->bodies)
                proc_each(deliver_to_member, &f);
            return;
        }
    }
    deliver(body->pid, &s);
    if (s.group && group > 0 && speaks_for_group(body, group)) {
        struct fan_out f = {capsule, &s, group};

        proc_each(deliver_to_member, &f);
    }
}

struct tree_kill {
    pid_t pids[4096];
    unsigned count;
};

static bool collect_child(void *owner, const struct proc_stat *stat)
{
    struct tree_kill *tree = owner;

    for (unsigned i = 0; i < tree->count; i++) {
        if (tree->pids[i] == stat->pid)
            return true;
    }
    for (unsigned i = 0; i < tree->count; i++) {
        if (tree->pids[i] == stat->ppid && tree->count < sizeof tree->pids / sizeof *tree->pids) {
            tree->pids[tree->count++] = stat->pid;
            break;
        }
    }
    return true;
}

int guest_signal(struct capsule *capsule, pid_t pid, int signo, bool tree)
{
    struct body *body = body_find(capsule, pid);
    struct tree_kill *all;
    struct proc_stat stat;
    unsigned before;

    if (!proc_read_stat(pid, &stat) || !guest_is(capsule, &stat))
        return -ESRCH;
    if (body != NULL && signo == SIGCONT)
        body->stop_known = false;
    if (!tree)
        return kill(pid, signo) == 0 ? 0 : -errno;
    all = mig_alloc(sizeof *all);
    all->pids[0] = pid;
    all->count = 1;
    do { /* a child may have a smaller number than its parent */
        before = all->count;
        proc_each(collect_child, all);
    } while (all->count > before);
    for (unsigned i = 0; i < all->count; i++)
        kill(all->pids[i], signo);
    free(all);
    return 0;
}

int guest_abandon(struct capsule *capsule, pid_t pid, int signo)
{
    struct body *body = body_find(capsule, pid);

    /* The pid of a body that has ended may belong to somebody else by now. */
    if (body == NULL)
        return 0;
    if (!body->ended)
        guest_signal(capsule, pid, signo, false);
    mig_link_abandon(&body->link);
    guest_check_empty(capsule);
    return 0;
}

/* ---------------------------------------------------------------- looked at again and again */

static void event_lost(struct body *body)
{
    char text[80];

    snprintf(text, sizeof text, "event=unreported pid=%d\n", body->pid);
    capsule_event(body->capsule, text);
}

struct newcomer {
    const struct capsule *capsule;
    pid_t group;
    bool found;
};

static bool is_newcomer(void *owner, const struct proc_stat *stat)
{
    struct newcomer *n = owner;

    if (stat->pgrp == n->group && stat->state != 'Z' && guest_is(n->capsule, stat) && body_find(n->capsule, stat->pid) == NULL)
        n->found = true;
    return !n->found;
}

static void tick_body(struct body *body)
{
    struct capsule *capsule = body->capsule;
    struct proc_stat stat;
    struct newcomer newcomer = {.capsule = capsule};
    uint8_t on;

    if (!body->restored || body->ended)
        return;
    if (!proc_read_stat(body->pid, &stat)) {
        /* A stand-in that was killed between reaping and reporting leaves this to us. */
        if (++body->missed >= MISSED_TICKS) {
            event_lost(body);
            body_ended(body, exit_code_of(body->pidfd.fd));
        }
        return;
    }
    if (stat.state == 'Z')
        return;
    /* Bodies whose parent is one of us are reported, the others are looked at. */
    if (!is_family(capsule, stat.ppid)) {
        bool stopped = stat.state == 'T';

        if (stopped != (body->stopped != 0)) {
            body->stopped = stopped ? SIGSTOP : 0;
            body->stop_owed = true;
        }
    }
    newcomer.group = stat.pgrp;
    body->group = stat.pgrp;
    if (stat.pgrp > 0 && speaks_for_group(body, stat.pgrp))
        proc_each(is_newcomer, &newcomer);
    on = newcomer.found;
    if (on != body->group_told) {
        body->group_told = on;
        mig_link_post(&body->link, MIG_GROUP, &on, sizeof on, NULL, 0);
    }
}

void guest_tick(struct capsule *capsule)
{
    struct body *body;
    struct stream *stream;

    for (body = capsule->bodies; body != NULL; body = body->next) {
        tick_body(body);
        if (body->exit_sent && body->leftovers && !body->finished_sent) {
            /* Pipes end by themselves; whether a terminal is still wanted has to be looked up. */
            for (stream = capsule->streams; stream != NULL; stream = stream->next)
                if (uses_link(stream, body) && stream->kind == KIND_TTY && !stream_over(stream) && !stream_in_use(stream, 0)) {
                    stream_drain(stream);
                    stream_pump(stream);
                    if (stream->late.len == 0)
                        stream_close(stream);
                }
        }
        body_progress(body);
    }
    guest_check_empty(capsule);
}

/* ---------------------------------------------------------------- link callbacks */

static void on_stream(struct mig_link *link, struct mig_stream *base)
{
    stream_pump((struct stream *)base);
    body_progress(link->owner);
}

static void on_frame(struct mig_link *link, uint16_t type, const uint8_t *payload, size_t len)
{
    struct body *body = link->owner;
    struct mig_reader r = mig_reader_of(payload, len);
    struct stream *stream;
    uint16_t id;

    switch (type) {
    case MIG_SIGNAL:
        take_signal(body, payload, len);
        break;
    case MIG_TTY_MODE:
    case MIG_TTY_SIZE:
    case MIG_TTY_FG:
    case MIG_TTY_HUP:
        id = mig_read_u16(&r);
        stream = r.bad ? NULL : (struct stream *)mig_stream_find(link, id);
        if (stream != NULL && stream->kind == KIND_TTY)
            tty_frame(stream, type, r.at, mig_reader_left(&r));
        break;
    default: /* of a later version; what matters would not come unannounced */
        break;
    }
}

static void on_broken(struct mig_link *link, const char *why)
{
    struct body *body = link->owner;
    char text[160];

    snprintf(body->trouble, sizeof body->trouble, "%s", why);
    snprintf(text, sizeof text, "event=broken link=%u why=%s\n", link->id, why);
    capsule_event(body->capsule, text);
}

static const struct mig_link_calls link_calls = {
    .stream = on_stream,
    .window = on_stream,
    .frame = on_frame,
    .broken = on_broken,
};
