/* Start of a capsule: the outer process that makes the namespaces, and init's event loop. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)
#define ORDER_PATIENCE_MS 2000
#define TICK_MS 300
#define LAST_TICK_MS 20 /* when all is over but for the acknowledgements */
#define DEMAND_MS 2
#define DEMAND_IDLE_MS 40 /* when nobody asked for a while: looking costs */
#define MIN_FILES 1024

/* ---------------------------------------------------------------- services for the other parts */

void capsule_event(struct capsule *capsule, const char *text)
{
    mig_hull_send(&capsule->hull, MIG_EVENT, 0, 0, text, strlen(text));
}

pid_t capsule_host_pid(const struct capsule *capsule, pid_t pid)
{
    /* The node's /proc shows the pid behind our pidfd in its own numbers, see pidfd_open(2). */
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd, found = 0;
    char name[16], text[512], *at;
    ssize_t n;

    if (pidfd < 0)
        return 0;
    snprintf(name, sizeof name, "%d", pidfd);
    fd = openat(capsule->host_fdinfo, name, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, text, sizeof text - 1);
        text[n > 0 ? n : 0] = 0;
        at = strstr(text, "\nPid:");
        found = at != NULL ? atoi(at + 5) : 0;
        close(fd);
    }
    close(pidfd);
    return found > 0 ? found : 0;
}

int capsule_order(struct capsule *capsule, struct standin *who, const struct order *order)
{
    struct pollfd p = {.fd = who->control, .events = POLLIN};
    int32_t result;

    if (who->pid == 1) {
        if (order->what == ORDER_FOREGROUND)
            return capsule->tty != NULL && tcsetpgrp(capsule->tty->slave, order->group) == 0 ? 0 : -errno;
        return order_carry_out(order, capsule->report_write, true);
    }
    if (who->pid <= 0)
        return -ESRCH;
    while (recv(who->control, &result, sizeof result, MSG_DONTWAIT) > 0)
        continue; /* an answer that came too late for its question */
    if (send(who->control, order, sizeof *order, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return -errno;
    /* Stand-ins answer in microseconds, unless a guest stopped its own parent. */
    if (poll(&p, 1, ORDER_PATIENCE_MS) <= 0)
        return -ETIMEDOUT;
    return recv(who->control, &result, sizeof result, MSG_DONTWAIT) == (ssize_t)sizeof result ? result : -ECHILD;
}

/* ---------------------------------------------------------------- children and reports */

static void told(void *owner, const struct report *report)
{
    guest_report(owner, report);
}

static void children_ready(struct mig_source *source, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    while (read(source->fd, &info, sizeof info) > 0)
        continue;
    reap(told, source->owner);
}

static void reports_ready(struct mig_source *source, uint32_t events)
{
    struct report report;

    (void)events;
    while (recv(source->fd, &report, sizeof report, MSG_DONTWAIT) == (ssize_t)sizeof report)
        guest_report(source->owner, &report);
}

/* ---------------------------------------------------------------- timers */

static bool has_demand(const struct capsule *capsule)
{
    const struct stream *stream;

    for (stream = capsule->streams; stream != NULL; stream = stream->next)
        if (stream->live && !stream->in_done && (stream->base.flags & MIG_STREAM_DEMAND))
            return true;
    return false;
}

struct asking {
    struct stream *stream;
    uint32_t most;
};

static bool ask(void *owner, const struct proc_stat *stat)
{
    struct asking *asking = owner;
    uint32_t wanted;

    if (stat->state != 'S' || !guest_is(asking->stream->capsule, stat))
        return true;
    wanted = proc_wanted(stat->pid, asking->stream->guest_dev, asking->stream->guest_ino);
    asking->most = wanted > asking->most ? wanted : asking->most;
    return true;
}

/* Returns whether somebody asked. */
static bool grant_demand(struct stream *stream)
{
    struct asking asking = {.stream = stream};

    /* What was granted before is still to come, or has come and is still to be read. */
    if (stream->base.granted > 0 || stream->base.in.len > 0 || stream->early.len > 0)
        return false;
    proc_each(ask, &asking);
    if (asking.most > 0)
        mig_stream_grant(stream->link, &stream->base, asking.most);
    return asking.most > 0;
}

static void demand_tick(struct mig_timer *timer)
{
    struct capsule *capsule = timer->owner;
    struct stream *stream;
    bool asked = false;

    for (stream = capsule->streams; stream != NULL; stream = stream->next)
        if (stream->live && !stream->in_done && (stream->base.flags & MIG_STREAM_DEMAND))
            asked |= grant_demand(stream);
    capsule->demand_pause = asked ? DEMAND_MS : capsule->demand_pause < DEMAND_IDLE_MS ? capsule->demand_pause + 2 : DEMAND_IDLE_MS;
    capsule_timers(capsule);
}

static void tick(struct mig_timer *timer)
{
    struct capsule *capsule = timer->owner;

    guest_tick(capsule);
    capsule_timers(capsule);
}

void capsule_timers(struct capsule *capsule)
{
    bool going = capsule->restored && !capsule->exported && !capsule->empty_told;

    if (going && !capsule->tick.armed)
        mig_timer_set(&capsule->loop, &capsule->tick, capsule->empty ? LAST_TICK_MS : TICK_MS);
    if (!going)
        mig_timer_cancel(&capsule->loop, &capsule->tick);
    if (going && has_demand(capsule) && !capsule->demand_tick.armed)
        mig_timer_set(&capsule->loop, &capsule->demand_tick, capsule->demand_pause);
    if (!going)
        mig_timer_cancel(&capsule->loop, &capsule->demand_tick);
}

/* ---------------------------------------------------------------- hull callbacks */

static void connected(struct mig_hull *hull)
{
    struct capsule *capsule = hull->owner;
    char text[128];

    snprintf(text, sizeof text, "version=%d\nrole=capsule\nid=%s\n", MIG_PROTOCOL_VERSION, capsule->id);
    mig_hull_send(hull, MIG_HELLO, 0, 0, text, strlen(text));
    /* An agent that was away when it happened has to hear it too. */
    if (capsule->empty_told)
        capsule_event(capsule, "event=empty\n");
}

static void frame(struct mig_hull *hull, const struct mig_frame *frame)
{
    if (frame->type >= MIG_PREPARE && frame->type < MIG_ACK)
        command_take(hull->owner, frame);
}

static void gone(struct mig_hull *hull)
{
    struct capsule *capsule = hull->owner;

    /* Half an IMPORT is none. */
    mig_bytes_free(&capsule->import);
    capsule->import_length = 0;
}

static const struct mig_hull_calls hull_calls = {.connected = connected, .frame = frame, .gone = gone};

/* ---------------------------------------------------------------- init */

static int watch_children(struct capsule *capsule)
{
    sigset_t all, child;
    int ends[2];

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    capsule->children = (struct mig_source){.ready = children_ready, .owner = capsule};
    capsule->children.fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (capsule->children.fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    capsule->reports = (struct mig_source){.fd = ends[0], .ready = reports_ready, .owner = capsule};
    capsule->report_write = ends[1];
    if (mig_watch(&capsule->loop, &capsule->children, EPOLLIN) != 0)
        return -1;
    return mig_watch(&capsule->loop, &capsule->reports, EPOLLIN);
}

/* Descriptors are parked high, and many masters are opened for a high terminal index. */
static void raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max > 65536 ? 65536 : files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

struct arguments {
    struct space space;
    const char *id, *socket;
    const char *procs[8];
    int procs_count;
};

/* Where the hull is found from inside. */
static const char *hull_path(const struct capsule *capsule, const struct arguments *arguments)
{
    char *path;

    if (!capsule->rooted)
        return arguments->socket;
    path = mig_alloc(sizeof capsule->directory + strlen(arguments->socket));
    sprintf(path, "%s%s", capsule->directory, arguments->socket + strlen(arguments->space.directory));
    return path;
}

static void init_main(const struct arguments *arguments, int ready)
{
    struct capsule *capsule = calloc(1, sizeof *capsule);
    char why[256] = "no memory";
    int zero = 0;

    if (capsule == NULL)
        goto failed;
    snprintf(capsule->id, sizeof capsule->id, "%s", arguments->id);
    capsule->gate = -1;
    capsule->rooted = arguments->space.root != NULL;
    if (capsule->rooted)
        snprintf(capsule->directory, sizeof capsule->directory, "/proc/self/fd/%d", RUNDIR_FD);
    else
        snprintf(capsule->directory, sizeof capsule->directory, "%s", arguments->space.directory);
    /* Still the node's /proc; must be opened before ours covers it. */
    capsule->host_fdinfo = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (capsule->host_fdinfo < 0) {
        snprintf(why, sizeof why, "opening /proc/self/fdinfo: %s", strerror(errno));
        goto failed;
    }
    setsid();
    if (space_prepare(&arguments->space, why, sizeof why) != 0)
        goto failed;
    raise_file_limit();
    if (chdir("/") != 0 || stdio_null(false) != 0 || mig_loop_open(&capsule->loop) != 0 || watch_children(capsule) != 0) {
        snprintf(why, sizeof why, "starting the event loop: %s", strerror(errno));
        goto failed;
    }
    prctl(PR_SET_NAME, "mig-capsule");
    capsule->tick = (struct mig_timer){.fire = tick, .owner = capsule};
    capsule->demand_pause = DEMAND_MS;
    capsule->demand_tick = (struct mig_timer){.fire = demand_tick, .owner = capsule};
    capsule->hull = (struct mig_hull){
        .loop = &capsule->loop, .path = hull_path(capsule, arguments), .calls = &hull_calls, .owner = capsule};
    mig_hull_open(&capsule->hull);
    if (write(ready, &zero, 1) != 1)
        _exit(1);
    close(ready);
    mig_loop_run(&capsule->loop);
    mig_hull_flush(&capsule->hull, 1000);
    _exit(0); /* the kernel ends whoever is left in the pid namespace */
failed:
    dprintf(ready, "%s", why);
    _exit(1);
}

/* ---------------------------------------------------------------- outer process */

static int usage(void)
{
    fprintf(stderr, "usage: mig-capsule --id UUID --socket PATH --rundir DIR --hostname NAME [--procs CGROUP_PROCS_FILE]...\n"
            "                   [--root DIR --criu DIR --cgroup DIR [--shared DIR]...]   (socket inside rundir then)\n");
    return 2;
}

static bool root_complete(const struct arguments *a)
{
    size_t length = strlen(a->space.directory);

    return a->space.criu != NULL && a->space.cgroup != NULL && strncmp(a->socket, a->space.directory, length) == 0
           && a->socket[length] == '/';
}

static bool parse(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--id") == 0)
            a->id = argv[i + 1];
        else if (strcmp(argv[i], "--socket") == 0)
            a->socket = argv[i + 1];
        else if (strcmp(argv[i], "--rundir") == 0)
            a->space.directory = argv[i + 1];
        else if (strcmp(argv[i], "--hostname") == 0)
            a->space.hostname = argv[i + 1];
        else if (strcmp(argv[i], "--root") == 0)
            a->space.root = argv[i + 1];
        else if (strcmp(argv[i], "--criu") == 0)
            a->space.criu = argv[i + 1];
        else if (strcmp(argv[i], "--cgroup") == 0)
            a->space.cgroup = argv[i + 1];
        else if (strcmp(argv[i], "--shared") == 0 && a->space.shared_count < MAX_SHARED)
            a->space.shared[a->space.shared_count++] = argv[i + 1];
        else if (strcmp(argv[i], "--procs") == 0 && a->procs_count < 8)
            a->procs[a->procs_count++] = argv[i + 1];
        else
            return false;
    }
    return argc % 2 == 1 && a->id != NULL && a->socket != NULL && a->space.directory != NULL && a->space.hostname != NULL
           && strlen(a->id) < 64 && strlen(a->space.directory) < 256 && strlen(a->space.hostname) <= 64
           && (a->space.root == NULL || root_complete(a));
}

static bool enter_cgroup(const char *procs)
{
    int fd = open(procs, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, "0", 1) == 1;

    if (!good)
        fprintf(stderr, "mig-capsule: cannot enter the cgroup, procs=%s: %s\n", procs, strerror(errno));
    if (fd >= 0)
        close(fd);
    return good;
}

static int make_namespaces(const struct arguments *arguments)
{
    struct clone_args args = {.flags = NAMESPACES, .exit_signal = SIGCHLD};
    char answer[256];
    int ready[2];
    ssize_t n;
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) != 0) {
        perror("mig-capsule: pipe");
        return 1;
    }
    pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) {
        close(ready[0]);
        init_main(arguments, ready[1]);
    }
    if (pid < 0) {
        fprintf(stderr, "mig-capsule: cannot make namespaces (pid, mount, uts, ipc, net): %s; it needs CAP_SYS_ADMIN\n",
                strerror(errno));
        return 1;
    }
    close(ready[1]);
    n = read(ready[0], answer, sizeof answer - 1);
    if (n == 1 && answer[0] == 0) {
        printf("pid=%d\n", pid);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    answer[n > 0 ? n : 0] = 0;
    fprintf(stderr, "mig-capsule: cannot prepare the capsule id=%s: %s\n", arguments->id, n > 0 ? answer : "init died");
    return 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};

    if (!parse(argc, argv, &arguments))
        return usage();
    close_range(3, ~0u, 0);
    signals_reset();
    for (int i = 0; i < arguments.procs_count; i++)
        if (!enter_cgroup(arguments.procs[i]))
            return 1;
    return make_namespaces(&arguments);
}
