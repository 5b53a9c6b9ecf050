/* What the agent orders. Every command gets exactly one answer: `ok ...` or `error ERRNO TEXT`. */
#define _GNU_SOURCE
#include "capsule.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT_CHUNK 65536

/* ---------------------------------------------------------------- answers */

static void reply_bytes(struct capsule *capsule, const struct mig_frame *frame, struct mig_bytes *text)
{
    mig_hull_send(&capsule->hull, frame->type | MIG_REPLY, 0, frame->seq, mig_bytes_at(text), text->len);
    mig_bytes_free(text);
}

static void reply_ok(struct capsule *capsule, const struct mig_frame *frame)
{
    mig_hull_send(&capsule->hull, frame->type | MIG_REPLY, 0, frame->seq, "ok\n", 3);
}

__attribute__((format(printf, 4, 5))) static void refuse(struct capsule *capsule, const struct mig_frame *frame, int error,
                                                         const char *format, ...)
{
    char text[512];
    int n = snprintf(text, sizeof text, "error %d ", error);
    va_list args;

    va_start(args, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    mig_hull_send(&capsule->hull, frame->type | MIG_REPLY, 0, frame->seq, text, strlen(text));
}

/* ---------------------------------------------------------------- text */

/* The value of key=value in whichever line has it first. */
static struct mig_span value_of(const struct mig_frame *frame, const char *key)
{
    struct mig_span rest = {(const char *)frame->payload, frame->len}, line, value = {0};

    while (value.at == NULL && mig_text_line(&rest, &line))
        value = mig_text_value(line, key);
    return value;
}

static int64_t number_in(struct mig_span line, const char *key, int64_t otherwise)
{
    int64_t value;
    struct mig_span span = mig_text_value(line, key);

    return span.at != NULL && mig_text_number(span, &value) ? value : otherwise;
}

static int64_t number_of(const struct mig_frame *frame, const char *key, int64_t otherwise)
{
    int64_t value;
    struct mig_span span = value_of(frame, key);

    return span.at != NULL && mig_text_number(span, &value) ? value : otherwise;
}

static bool has_word(struct mig_span line, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= line.len; i++)
        if (memcmp(line.at + i, word, len) == 0 && (i == 0 || line.at[i - 1] == ' ')
            && (i + len == line.len || line.at[i + len] == ' '))
            return true;
    return false;
}

/* ---------------------------------------------------------------- PREPARE */

static int write_file(const char *path, int64_t value)
{
    char text[24];
    int fd = open(path, O_WRONLY | O_CLOEXEC), n = snprintf(text, sizeof text, "%lld", (long long)value);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;
    int error = good ? 0 : errno;

    if (fd >= 0)
        close(fd);
    return -error;
}

static int make_standin(struct capsule *capsule, struct standin *who, struct standin *maker, struct order *order)
{
    int ends[2], pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    order->what = ORDER_STANDIN;
    order->control_fd = ends[1];
    pid = capsule_order(capsule, maker, order);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return pid;
    }
    *who = (struct standin){.pid = pid, .control = ends[0]};
    return 0;
}

/* Another node may count further than this one. */
static void raise_pid_max(int64_t highest)
{
    char text[24] = "";
    int fd = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || atoll(text) > highest)
        highest = 0;
    if (fd >= 0)
        close(fd);
    if (highest > 0)
        write_file("/proc/sys/kernel/pid_max", highest + 1); /* when it fails making the process says so */
}

/* Is the pid among `tasks`, though it is not the root? Then a stand-in would take it from a guest. */
static bool is_task(const struct capsule *capsule, struct mig_span tasks, pid_t pid)
{
    struct mig_span element;
    int64_t number;

    while (tasks.at != NULL && mig_text_element(&tasks, &element))
        if (mig_text_number(element, &number) && number == pid && pid != capsule->root)
            return true;
    return false;
}

static const struct standin init_itself = {.pid = 1, .control = -1};

/* The session leader and the parent that the root believes to have. */
static int make_family(struct capsule *capsule, const char **what)
{
    int tty_index = capsule->tty != NULL ? capsule->tty->index : -1, rc;
    struct standin init = init_itself;

    *what = "the session leader";
    capsule->holder = (struct standin){.control = -1};
    if (capsule->sid == 1) {
        capsule->holder = init_itself;
    } else if (capsule->sid != capsule->root) {
        struct order order = {.flags = ORDER_NEW_SESSION, .pid = capsule->sid, .tty_index = tty_index};

        rc = make_standin(capsule, &capsule->holder, &init, &order);
        if (rc != 0)
            return rc;
    }
    *what = "the parent";
    if (capsule->ppid <= 1) {
        capsule->nanny = init_itself;
    } else if (capsule->ppid == capsule->sid) {
        capsule->nanny = capsule->holder;
    } else {
        struct order order = {.pid = capsule->ppid, .tty_index = -1};

        /* At home the parent may be in a group of its own, which the root shares. */
        order.group = capsule->pgid == capsule->ppid ? capsule->ppid : 0;
        return make_standin(capsule, &capsule->nanny, capsule->holder.pid > 1 ? &capsule->holder : &init, &order);
    }
    return 0;
}

static bool kind_of(struct mig_span word, enum kind *kind)
{
    static const char *const names[] = {
        [KIND_PIPE_IN] = "pipe-in", [KIND_PIPE_OUT] = "pipe-out", [KIND_FILE_OUT] = "file-out", [KIND_UNIX] = "unix", [KIND_TTY] = "tty"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (mig_text_is(word, names[i])) {
            *kind = (enum kind)i;
            return true;
        }
    }
    return false;
}

/* One `stream=` line. 0 or -errno; the terminal is opened later, when its index is known. */
static int prepare_stream(struct capsule *capsule, struct mig_span line)
{
    int64_t id = number_in(line, "stream", -1), link = number_in(line, "link", capsule->root);
    struct stream *stream;
    struct body *body;
    enum kind kind = KIND_TTY; /* a `tty=INDEX stream=ID` line has none */

    if (id < 0 || id > UINT16_MAX || capsule->stream_count >= MAX_STREAMS)
        return -E2BIG;
    if (mig_text_value(line, "kind").at != NULL ? !kind_of(mig_text_value(line, "kind"), &kind)
                                                : mig_text_value(line, "tty").at == NULL)
        return -EINVAL;
    stream = stream_find(capsule, (uint16_t)id);
    if (stream != NULL)
        return stream->kind == KIND_TTY && kind == KIND_TTY ? 0 : -EEXIST;
    body = link > 0 && link <= INT_MAX ? body_get(capsule, (pid_t)link) : NULL;
    if (body == NULL)
        return -EINVAL;
    stream = mig_alloc(sizeof *stream);
    memset(stream, 0, sizeof *stream);
    stream->capsule = capsule;
    stream->link = &body->link;
    stream->kind = kind;
    stream->fd = -1;
    stream->guest_fd = -1;
    stream->criu_fd = FIRST_CRIU_FD + (int)capsule->stream_count++;
    stream->base.id = (uint16_t)id;
    stream->base.owner = stream;
    stream->base.flags = has_word(line, "demand") || mig_text_has(mig_text_value(line, "flags"), "demand") ? MIG_STREAM_DEMAND : 0;
    stream->next = capsule->streams;
    capsule->streams = stream;
    mig_stream_add(&body->link, &stream->base);
    if (kind == KIND_TTY)
        return 0;
    return stream_create(stream, (uint32_t)number_in(line, "flags", 0), (uint32_t)number_in(line, "size", 0));
}

static int prepare_streams(struct capsule *capsule, const struct mig_frame *frame)
{
    struct mig_span rest = {(const char *)frame->payload, frame->len}, line;
    int64_t index = number_of(frame, "tty", -1), foreground = number_of(frame, "fg", -1);
    struct stream *stream;
    int rc;

    while (mig_text_line(&rest, &line)) {
        if (mig_text_value(line, "stream").at == NULL)
            continue;
        rc = prepare_stream(capsule, line);
        if (rc != 0)
            return rc;
    }
    for (stream = capsule->streams; stream != NULL; stream = stream->next) {
        if (stream->kind != KIND_TTY)
            continue;
        if (capsule->tty != NULL || index < 0 || index > INT_MAX)
            return -EINVAL; /* criu can have one foreign terminal */
        rc = tty_open(stream, (int)index);
        if (rc != 0)
            return rc;
        capsule->tty->foreground_known = foreground >= 0;
        capsule->tty->foreground = foreground > 0;
    }
    return 0;
}

static void prepare(struct capsule *capsule, const struct mig_frame *frame)
{
    int64_t root = number_of(frame, "root", 0), sid = number_of(frame, "sid", 0);
    int64_t pgid = number_of(frame, "pgid", 0), ppid = number_of(frame, "ppid", -1);
    int64_t last_pid = number_of(frame, "last_pid", 0);
    struct mig_bytes text = {0};
    const char *what = "";
    struct stream *stream;
    int rc;

    if (capsule->prepared) {
        refuse(capsule, frame, EALREADY, "capsule id=%s is prepared already, for root=%d", capsule->id, capsule->root);
        return;
    }
    if (root <= 1 || root > INT_MAX || sid <= 0 || sid > INT_MAX || pgid <= 0 || pgid > INT_MAX || ppid < 0 || ppid > INT_MAX
        || ppid == root) {
        refuse(capsule, frame, EINVAL, "no process tree: root=%lld sid=%lld pgid=%lld ppid=%lld", (long long)root, (long long)sid,
               (long long)pgid, (long long)ppid);
        return;
    }
    capsule->prepared = true; /* even when it fails: a capsule half prepared is only good to be destroyed */
    capsule->root = (pid_t)root;
    capsule->sid = (pid_t)sid;
    capsule->pgid = (pid_t)pgid;
    capsule->ppid = (pid_t)ppid;
    body_get(capsule, capsule->root); /* first in the list: speaks for its group */
    if (is_task(capsule, value_of(frame, "tasks"), capsule->sid) || is_task(capsule, value_of(frame, "tasks"), capsule->ppid)) {
        refuse(capsule, frame, EINVAL, "session leader sid=%d or parent ppid=%d is below root=%d in the tree", capsule->sid,
               capsule->ppid, capsule->root);
        return;
    }
    raise_pid_max(sid > ppid ? sid > pgid ? sid : pgid : ppid > pgid ? ppid : pgid);
    if (last_pid > 0 && (rc = write_file("/proc/sys/kernel/ns_last_pid", last_pid)) != 0) {
        refuse(capsule, frame, -rc, "cannot set last_pid=%lld: %s", (long long)last_pid, strerror(-rc));
        return;
    }
    rc = prepare_streams(capsule, frame);
    if (rc != 0) {
        refuse(capsule, frame, -rc, "cannot make the streams: %s", strerror(-rc));
        return;
    }
    rc = make_family(capsule, &what);
    if (rc != 0) {
        refuse(capsule, frame, -rc, "cannot make %s, sid=%d ppid=%d: %s", what, capsule->sid, capsule->ppid, strerror(-rc));
        return;
    }
    mig_bytes_text(&text, "ok\n");
    for (stream = capsule->streams; stream != NULL; stream = stream->next) {
        mig_bytes_text(&text, "stream=");
        mig_bytes_number(&text, stream->base.id);
        mig_bytes_text(&text, " fd=");
        mig_bytes_number(&text, stream->criu_fd);
        mig_bytes_text(&text, "\n");
    }
    reply_bytes(capsule, frame, &text);
}

/* ---------------------------------------------------------------- CRIU */

/* Who has to make criu so that the root, criu's sibling, gets the right parent and session. */
static struct standin *maker_of_criu(struct capsule *capsule, struct order *order)
{
    if (capsule->nanny.pid == 1 && capsule->holder.pid > 1) {
        order->flags |= ORDER_SIBLING;
        return &capsule->holder;
    }
    return &capsule->nanny;
}

static void choose_group(const struct capsule *capsule, struct order *order)
{
    if (capsule->pgid == capsule->root)
        order->group = ORDER_OWN_GROUP; /* the root makes its own */
    else if (capsule->pgid == capsule->sid || capsule->pgid == capsule->ppid || capsule->pgid == 1)
        order->group = capsule->pgid;
    else
        order->group = order->pid = capsule->pgid; /* its leader is elsewhere or gone: criu founds it and leaves it to the root */
}

static void criu(struct capsule *capsule, const struct mig_frame *frame)
{
    struct order order = {.what = ORDER_CRIU, .tty_index = -1};
    struct mig_span mode = value_of(frame, "mode");
    bool restore = mig_text_is(mode, "restore");
    struct standin init = init_itself, *maker = &init;
    struct mig_bytes text = {0};
    struct stream *stream;
    size_t slot = 0;
    int pid;

    while (slot < sizeof capsule->criu / sizeof *capsule->criu && capsule->criu[slot] != 0)
        slot++;
    if (slot == sizeof capsule->criu / sizeof *capsule->criu) {
        refuse(capsule, frame, EBUSY, "too many criu processes are running in capsule id=%s", capsule->id);
        return;
    }
    if (!restore && !mig_text_is(mode, "dump")) {
        refuse(capsule, frame, EINVAL, "mode must be restore or dump");
        return;
    }
    if (restore && (!capsule->prepared || capsule->restored)) {
        refuse(capsule, frame, EINVAL, "capsule id=%s is %s", capsule->id, capsule->restored ? "in use" : "not prepared");
        return;
    }
    if (!mig_text_copy(value_of(frame, "sock"), order.socket, sizeof order.socket)
        || !mig_text_copy(value_of(frame, "token"), order.token, sizeof order.token)
        || !mig_text_copy(value_of(frame, "exe"), order.exe, sizeof order.exe)) {
        refuse(capsule, frame, EINVAL, "sock, token or exe is missing or too long");
        return;
    }
    snprintf(order.directory, sizeof order.directory, "%s", capsule->directory);
    if (restore) {
        if (number_of(frame, "hold", 0) != 0)
            order.flags |= ORDER_HOLD;
        maker = maker_of_criu(capsule, &order);
        choose_group(capsule, &order);
        if (capsule->tty != NULL)
            order.tty_index = capsule->tty->index;
        for (stream = capsule->streams; stream != NULL; stream = stream->next) {
            if (stream->guest_fd < 0)
                continue;
            order.fds[order.fd_count].from = stream->guest_fd;
            order.fds[order.fd_count++].to = stream->criu_fd;
        }
    } else {
        order.flags = ORDER_NEW_SESSION;
        order.resembled = (int32_t)number_of(frame, "pid", 0);
    }
    if (capsule->rooted)
        order.flags |= ORDER_LOADER;
    pid = capsule_order(capsule, maker, &order);
    if (pid < 0) {
        refuse(capsule, frame, -pid, "cannot start exe=%s for sock=%s: %s", order.exe, order.socket, strerror(-pid));
        return;
    }
    capsule->criu[slot] = pid;
    mig_bytes_text(&text, "ok pid=");
    mig_bytes_number(&text, pid);
    mig_bytes_text(&text, " hostpid=");
    mig_bytes_number(&text, capsule_host_pid(capsule, pid));
    mig_bytes_text(&text, "\n");
    reply_bytes(capsule, frame, &text);
}

/* ---------------------------------------------------------------- BIRTH */

/* What the new program is to be, where the stand-in that makes it can fetch it; -1 with errno. */
static int keep_description(const struct mig_frame *frame)
{
    int fd = memfd_create("birth", MFD_CLOEXEC);

    if (fd >= 0 && write(fd, frame->payload, frame->len) == (ssize_t)frame->len)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/*
 * Where the group of the new program has another leader: somebody must found it, and does not have to stay. At home it is a
 * group of several, too.
 */
static int found_group(struct capsule *capsule, struct standin *maker, pid_t group, struct standin *founder)
{
    struct order order = {.pid = group, .group = ORDER_OWN_GROUP, .tty_index = -1};

    return make_standin(capsule, founder, maker, &order);
}

/* The root is not restored but starts here: it is made, stands before its execve(2), and waits for RESTORED. */
static void birth(struct capsule *capsule, const struct mig_frame *frame)
{
    struct order order = {.what = ORDER_BIRTH, .pid = capsule->root, .tty_index = -1};
    struct standin founder = {.control = -1}, *maker;
    struct mig_bytes text = {0};
    struct stream *stream;
    int gate[2], pid, rc = 0;

    if (!capsule->prepared || capsule->restored || capsule->gate >= 0 || frame->len > MAX_BIRTH) {
        refuse(capsule, frame, EINVAL, "capsule id=%s is not prepared for a birth of %u bytes", capsule->id, (unsigned)frame->len);
        return;
    }
    maker = maker_of_criu(capsule, &order);
    choose_group(capsule, &order);
    if (order.pid != capsule->root) { /* the group of another leader */
        order.pid = capsule->root;
        rc = found_group(capsule, &capsule->nanny, capsule->pgid, &founder);
    }
    if (capsule->sid == capsule->root)
        order.flags |= ORDER_NEW_SESSION;
    if (capsule->tty != NULL)
        order.tty_index = capsule->tty->index;
    for (stream = capsule->streams; stream != NULL; stream = stream->next) {
        if (stream->guest_fd < 0)
            continue;
        order.fds[order.fd_count].from = stream->guest_fd;
        order.fds[order.fd_count++].to = stream->base.id;
    }
    order.control_fd = keep_description(frame);
    if (rc != 0 || order.control_fd < 0 || pipe2(gate, O_CLOEXEC) != 0) {
        rc = rc != 0 ? -rc : errno;
        if (order.control_fd >= 0)
            close(order.control_fd);
        refuse(capsule, frame, rc, "cannot prepare the birth of root=%d pgid=%d: %s", capsule->root, capsule->pgid, strerror(rc));
        return;
    }
    order.gate_fd = gate[0];
    pid = capsule_order(capsule, maker, &order);
    close(order.control_fd);
    close(gate[0]);
    if (founder.control >= 0)
        close(founder.control);
    if (pid < 0) {
        close(gate[1]);
        refuse(capsule, frame, -pid, "cannot make the process root=%d: %s", capsule->root, strerror(-pid));
        return;
    }
    capsule->gate = gate[1];
    mig_bytes_text(&text, "ok pid=");
    mig_bytes_number(&text, pid);
    mig_bytes_text(&text, " hostpid=");
    mig_bytes_number(&text, capsule_host_pid(capsule, pid));
    mig_bytes_text(&text, "\n");
    reply_bytes(capsule, frame, &text);
}

/* ---------------------------------------------------------------- RESTORED */

/* The signal that stopped the pid, from `stopped=PID:SIGNO,...`; 0: it runs. */
static int stopped_by(struct mig_span list, pid_t pid)
{
    struct mig_span element;
    int64_t number, signo;

    while (list.at != NULL && mig_text_element(&list, &element)) {
        const char *colon = memchr(element.at, ':', element.len);
        struct mig_span first = element, second;

        if (colon == NULL)
            continue;
        first.len = (size_t)(colon - element.at);
        second = (struct mig_span){colon + 1, element.len - first.len - 1};
        if (mig_text_number(first, &number) && mig_text_number(second, &signo) && number == pid && signo > 0 && signo < NSIG)
            return (int)signo;
    }
    return 0;
}

static void begin_life(struct capsule *capsule)
{
    struct stream *stream;
    struct body *body;

    for (stream = capsule->streams; stream != NULL; stream = stream->next) {
        if (stream->guest_fd >= 0)
            close(stream->guest_fd);
        stream->guest_fd = -1;
    }
    for (body = capsule->bodies; body != NULL; body = body->next)
        mig_link_hold(&body->link, false);
    for (stream = capsule->streams; stream != NULL; stream = stream->next)
        if (!stream_over(stream))
            stream_start(stream);
    for (body = capsule->bodies; body != NULL; body = body->next)
        body_progress(body);
}

static void restored(struct capsule *capsule, const struct mig_frame *frame)
{
    struct mig_span pids = value_of(frame, "pids"), stopped = value_of(frame, "stopped"), element;
    struct body *body;
    int64_t pid;
    int rc;

    if (!capsule->prepared || capsule->restored) {
        refuse(capsule, frame, EINVAL, "capsule id=%s is %s", capsule->id, capsule->restored ? "in use" : "not prepared");
        return;
    }
    while (pids.at != NULL && mig_text_element(&pids, &element)) {
        body = mig_text_number(element, &pid) && pid > 1 && pid <= INT_MAX ? body_get(capsule, (pid_t)pid) : NULL;
        rc = body == NULL ? -EINVAL : body->restored ? -EEXIST : body_start(body, stopped_by(stopped, (pid_t)pid));
        if (rc != 0) {
            refuse(capsule, frame, -rc, "pid=%.*s is not restored here: %s", (int)element.len, element.at, strerror(-rc));
            return;
        }
    }
    for (body = capsule->bodies; body != NULL; body = body->next) {
        if (!body->restored) {
            refuse(capsule, frame, EINVAL, "pid=%d has streams or state but is not among the restored", body->pid);
            return;
        }
    }
    capsule->restored = true;
    begin_life(capsule);
    if (capsule->gate >= 0 && write(capsule->gate, "", 1) != 1) {
        refuse(capsule, frame, errno, "cannot let the new program begin: %s", strerror(errno));
        return;
    }
    if (capsule->gate >= 0) /* its cgroup is frozen: it begins when that is thawed */
        close(capsule->gate);
    capsule->gate = -1;
    capsule_timers(capsule);
    guest_check_empty(capsule);
    reply_ok(capsule, frame);
}

/* ---------------------------------------------------------------- KEYS, EXPORT, IMPORT, RESUME */

static void keys(struct capsule *capsule, const struct mig_frame *frame)
{
    struct mig_bytes text = {0};
    struct stream *stream;
    struct stat st;

    mig_bytes_text(&text, "ok\n");
    for (stream = capsule->streams; stream != NULL; stream = stream->next) {
        if (stream_over(stream))
            continue; /* what is left of it is an ordinary pipe or socket to criu */
        mig_bytes_text(&text, "stream=");
        mig_bytes_number(&text, stream->base.id);
        mig_bytes_text(&text, " link=");
        mig_bytes_number(&text, stream->link->id);
        mig_bytes_text(&text, " key=");
        if (stream->kind == KIND_TTY && fstat(capsule->tty->slave, &st) == 0) {
            mig_bytes_text(&text, "tty[");
            mig_bytes_hex(&text, st.st_rdev);
            mig_bytes_text(&text, ":");
            mig_bytes_hex(&text, st.st_dev);
        } else {
            mig_bytes_text(&text, stream->kind == KIND_UNIX ? "socket:[" : "pipe:[");
            mig_bytes_number(&text, (int64_t)stream->guest_ino);
        }
        mig_bytes_text(&text, "]\n");
    }
    reply_bytes(capsule, frame, &text);
}

static void set_exported(struct capsule *capsule, bool exported)
{
    struct stream *stream;
    struct body *body;

    if (exported)
        for (stream = capsule->streams; stream != NULL; stream = stream->next)
            if (!stream_over(stream))
                stream_freeze(stream);
    capsule->exported = exported;
    for (body = capsule->bodies; body != NULL; body = body->next)
        mig_link_hold(&body->link, exported);
    if (!exported) {
        for (stream = capsule->streams; stream != NULL; stream = stream->next)
            if (!stream_over(stream))
                stream_start(stream);
        for (body = capsule->bodies; body != NULL; body = body->next)
            body_progress(body);
        guest_check_empty(capsule);
    }
    capsule_timers(capsule);
}

static void export(struct capsule *capsule, const struct mig_frame *frame)
{
    struct mig_bytes state = {0}, text = {0};

    if (!capsule->restored) {
        refuse(capsule, frame, EINVAL, "capsule id=%s has no guests", capsule->id);
        return;
    }
    if (!capsule->exported)
        set_exported(capsule, true);
    state_export(capsule, &state);
    mig_bytes_text(&text, "ok ");
    mig_bytes_number(&text, (int64_t)state.len);
    mig_bytes_text(&text, "\n");
    reply_bytes(capsule, frame, &text);
    while (state.len > 0) {
        size_t n = state.len < EXPORT_CHUNK ? state.len : EXPORT_CHUNK;

        mig_hull_send(&capsule->hull, MIG_EXPORT | MIG_REPLY, 0, frame->seq, mig_bytes_at(&state), n);
        mig_bytes_drop(&state, n);
    }
}

static void import(struct capsule *capsule, const struct mig_frame *frame)
{
    const char *why;

    if (capsule->import_length == 0) {
        int64_t length = number_of(frame, "len", 0);

        if (!capsule->prepared || capsule->restored) {
            refuse(capsule, frame, EINVAL, "state can be imported between PREPARE and RESTORED only");
        } else if (length <= 0 || length > (int64_t)MAX_STATE) {
            refuse(capsule, frame, EINVAL, "len=%lld is not in 1..%u", (long long)length, MAX_STATE);
        } else {
            capsule->import_seq = frame->seq;
            capsule->import_length = (uint32_t)length;
        }
        return;
    }
    if (frame->seq != capsule->import_seq || frame->len == 0 || capsule->import.len + frame->len > capsule->import_length) {
        refuse(capsule, frame, EINVAL, "chunk of %u bytes does not belong to the state being imported", frame->len);
        mig_bytes_free(&capsule->import);
        capsule->import_length = 0;
        return;
    }
    mig_bytes_add(&capsule->import, frame->payload, frame->len);
    if (capsule->import.len < capsule->import_length)
        return;
    why = state_import(capsule, mig_bytes_at(&capsule->import), capsule->import.len);
    mig_bytes_free(&capsule->import);
    capsule->import_length = 0;
    if (why != NULL)
        refuse(capsule, frame, EBADMSG, "%s", why);
    else
        reply_ok(capsule, frame);
}

/* ---------------------------------------------------------------- SIGNAL, LIST */

static void send_signal(struct capsule *capsule, const struct mig_frame *frame)
{
    struct mig_span text = {(const char *)frame->payload, frame->len}, line = {0};
    int64_t pid, signo;
    int rc;

    mig_text_line(&text, &line);
    pid = number_in(line, "pid", 0);
    signo = number_in(line, "signal", 0);
    if (pid <= 1 || pid > INT_MAX || signo <= 0 || signo >= NSIG)
        rc = -EINVAL;
    else if (has_word(line, "gone"))
        rc = guest_abandon(capsule, (pid_t)pid, (int)signo);
    else
        rc = guest_signal(capsule, (pid_t)pid, (int)signo, has_word(line, "tree"));
    if (rc != 0)
        refuse(capsule, frame, -rc, "cannot send signal=%lld to pid=%lld: %s", (long long)signo, (long long)pid, strerror(-rc));
    else
        reply_ok(capsule, frame);
}

struct listing {
    struct capsule *capsule;
    struct mig_bytes text;
};

static bool list_one(void *owner, const struct proc_stat *stat)
{
    struct listing *l = owner;
    char line[128];

    if (!guest_is(l->capsule, stat) || stat->state == 'Z' || stat->state == 'X')
        return true;
    snprintf(line, sizeof line, "pid=%d hostpid=%d ppid=%d home=%d\n", stat->pid, capsule_host_pid(l->capsule, stat->pid), stat->ppid,
             body_find(l->capsule, stat->pid) != NULL);
    mig_bytes_text(&l->text, line);
    if (l->text.len < MAX_REPLY)
        return true;
    mig_bytes_text(&l->text, "more=1\n");
    return false;
}

static void list(struct capsule *capsule, const struct mig_frame *frame)
{
    struct listing l = {.capsule = capsule};

    mig_bytes_text(&l.text, "ok\n");
    proc_each(list_one, &l);
    reply_bytes(capsule, frame, &l.text);
}

/* ---------------------------------------------------------------- all */

void command_take(struct capsule *capsule, const struct mig_frame *frame)
{
    switch (frame->type) {
    case MIG_PREPARE:
        prepare(capsule, frame);
        break;
    case MIG_CRIU:
        criu(capsule, frame);
        break;
    case MIG_BIRTH:
        birth(capsule, frame);
        break;
    case MIG_RESTORED:
        restored(capsule, frame);
        break;
    case MIG_KEYS:
        keys(capsule, frame);
        break;
    case MIG_EXPORT:
        export(capsule, frame);
        break;
    case MIG_IMPORT:
        import(capsule, frame);
        break;
    case MIG_RESUME:
        /* an agent that was restarted does not know whether it had exported */
        if (capsule->exported)
            set_exported(capsule, false);
        reply_ok(capsule, frame);
        break;
    case MIG_KILL:
        send_signal(capsule, frame);
        break;
    case MIG_DESTROY:
        reply_ok(capsule, frame);
        capsule->loop.stop = true;
        break;
    case MIG_LIST:
        list(capsule, frame);
        break;
    default:
        refuse(capsule, frame, ENOSYS, "unknown command %u", frame->type);
        break;
    }
}
