/*
 * Two endpoints and an agent between them that loses frames, cuts connections and exchanges one endpoint for another with
 * imported state: every byte must arrive once and in order, in both directions.
 */
#include "link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TOTAL (3 * 1024 * 1024)
#define STREAMS 3

struct end {
    struct mig_hull hull;
    struct mig_link link;
    struct mig_stream streams[STREAMS];
    uint32_t sent[STREAMS], got[STREAMS];
    uint32_t frames_sent, frames_got;
    bool left;
};

static struct mig_loop loop;
static struct end ends[2];
static char path[108];

static void fail(const char *what)
{
    fprintf(stderr, "FAIL %s\n", what);
    exit(1);
}

static uint8_t pattern(int side, int stream, uint32_t at)
{
    return (uint8_t)(at * 31 + at / 251 + (uint32_t)(side * 7 + stream * 13));
}

static struct end *other(struct end *e)
{
    return e == &ends[0] ? &ends[1] : &ends[0];
}

static void fill(struct end *e, int s)
{
    uint8_t data[5000];

    while (e->sent[s] < TOTAL && mig_stream_room(&e->streams[s]) > 0) {
        uint32_t n = (uint32_t)(rand() % (int)sizeof data) + 1, i;

        n = n > mig_stream_room(&e->streams[s]) ? mig_stream_room(&e->streams[s]) : n;
        n = n > TOTAL - e->sent[s] ? TOTAL - e->sent[s] : n;
        for (i = 0; i < n; i++)
            data[i] = pattern((int)(e - ends), s, e->sent[s] + i);
        mig_stream_send(&e->link, &e->streams[s], data, n);
        e->sent[s] += n;
        if (rand() % 16 == 0) {
            mig_link_post(&e->link, MIG_TTY_SIZE, &e->frames_sent, 4, NULL, 0);
            e->frames_sent++;
        }
    }
    if (e->sent[s] == TOTAL)
        mig_stream_send_eof(&e->link, &e->streams[s]);
}

static void done(void)
{
    for (int i = 0; i < 2; i++)
        for (int s = 0; s < STREAMS; s++)
            if (!ends[i].streams[s].eof_received || ends[i].got[s] != TOTAL)
                return;
    for (int i = 0; i < 2; i++)
        if (!mig_link_settled(&ends[i].link) || ends[i].frames_got != other(&ends[i])->frames_sent)
            return;
    loop.stop = true;
}

static void drain(struct end *e, int s)
{
    struct mig_stream *stream = &e->streams[s];
    size_t n = stream->in.len > 1 ? (size_t)rand() % stream->in.len + 1 : stream->in.len;
    const uint8_t *at = mig_bytes_at(&stream->in);

    for (size_t i = 0; i < n; i++)
        if (at[i] != pattern((int)(other(e) - ends), s, e->got[s]++))
            fail("wrong byte");
    mig_stream_consumed(&e->link, stream, n);
}

static void on_stream(struct mig_link *link, struct mig_stream *stream)
{
    struct end *e = link->owner;

    if (stream->eof_received && e->got[stream->id] + stream->in.len != TOTAL)
        fail("end of file before the end");
    done();
}

static void on_window(struct mig_link *link, struct mig_stream *stream)
{
    fill(link->owner, stream->id);
}

static void on_frame(struct mig_link *link, uint16_t type, const uint8_t *payload, size_t len)
{
    struct end *e = link->owner;
    uint32_t n;

    if (type != MIG_TTY_SIZE || len != 4)
        fail("wrong frame");
    memcpy(&n, payload, 4);
    if (n != e->frames_got++)
        fail("frame out of order");
}

static void on_broken(struct mig_link *link, const char *why)
{
    (void)link;
    fail(why);
}

static void on_connected(struct mig_hull *hull)
{
    char side = hull->owner == &ends[0] ? '0' : '1';

    mig_hull_send(hull, MIG_HELLO, 0, 0, &side, 1);
}

static void on_hop(struct mig_hull *hull, const struct mig_frame *frame)
{
    (void)hull;
    if (frame->type != MIG_LINK_UP && frame->type != MIG_LINK_DOWN)
        fail("wrong hop frame");
}

static const struct mig_link_calls link_calls = {
    .stream = on_stream, .window = on_window, .frame = on_frame, .broken = on_broken};
static const struct mig_hull_calls hull_calls = {.connected = on_connected, .frame = on_hop};

static void open_end(struct end *e)
{
    e->hull.loop = &loop;
    e->hull.path = path;
    e->hull.calls = &hull_calls;
    e->hull.owner = e;
    e->link = (struct mig_link){.id = 77, .calls = &link_calls, .owner = e};
    mig_hull_open(&e->hull);
    mig_link_attach(&e->hull, &e->link);
    for (int s = 0; s < STREAMS; s++) {
        e->streams[s] = (struct mig_stream){.id = (uint16_t)s};
        mig_stream_add(&e->link, &e->streams[s]);
    }
}

/* ------------------------------------------------ the agent, simple and blocking */

static int listener, conns[2] = {-1, -1};
static struct mig_source listen_source, conn_sources[2];
static struct mig_bytes rx[2];
static int loss = 200;
static unsigned dropped, cuts, moves;

static void put(int side, const void *data, size_t len)
{
    const uint8_t *at = data;

    while (len > 0 && conns[side] >= 0) {
        ssize_t n = send(conns[side], at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0) {
            /* The peer reads in this very loop: a full socket means "lose it", in the middle of a frame cut the line. */
            if (at != (const uint8_t *)data)
                shutdown(conns[side], SHUT_RDWR);
            dropped++;
            return;
        }
        at += n;
        len -= (size_t)n;
    }
}

static void cut(int side)
{
    if (conns[side] < 0)
        return;
    mig_unwatch(&loop, &conn_sources[side]);
    close(conns[side]);
    conns[side] = -1;
    mig_bytes_free(&rx[side]);
}

static void route(bool up)
{
    struct mig_header h = {.type = up ? MIG_LINK_UP : MIG_LINK_DOWN, .link = 77};

    put(0, &h, sizeof h);
    put(1, &h, sizeof h);
}

static void conn_ready(struct mig_source *source, uint32_t events)
{
    int side = (int)(source - conn_sources);
    uint8_t buffer[70000];
    ssize_t n = recv(source->fd, buffer, sizeof buffer, MSG_DONTWAIT);

    (void)events;
    if (n <= 0) {
        cut(side);
        return;
    }
    mig_bytes_add(&rx[side], buffer, (size_t)n);
    while (conns[side] >= 0 && rx[side].len >= MIG_HEADER_BYTES) {
        struct mig_header h;

        memcpy(&h, mig_bytes_at(&rx[side]), sizeof h);
        if (rx[side].len < sizeof h + h.len)
            break;
        if (h.type == MIG_HELLO) {
            if (conns[0] >= 0 && conns[1] >= 0)
                route(true);
        } else if (loss > 0 && rand() % loss == 0) {
            dropped++;
        } else {
            put(!side, mig_bytes_at(&rx[side]), sizeof h + h.len);
        }
        mig_bytes_drop(&rx[side], sizeof h + h.len);
    }
}

static void accept_ready(struct mig_source *source, uint32_t events)
{
    int fd = accept(source->fd, NULL, NULL);
    struct {
        struct mig_header h;
        char side;
    } hello;
    int side;

    (void)events;
    if (recv(fd, &hello, 25, MSG_PEEK | MSG_WAITALL) != 25 || hello.h.type != MIG_HELLO)
        fail("no hello");
    side = hello.side - '0';
    cut(side);
    conns[side] = fd;
    conn_sources[side] = (struct mig_source){.fd = fd, .ready = conn_ready};
    mig_watch(&loop, &conn_sources[side], EPOLLIN);
}

static void move_end_1(void)
{
    struct end *e = &ends[1];
    struct mig_bytes state = {0};
    struct mig_reader r;
    struct mig_stream *s;
    uint8_t *copy;

    mig_link_hold(&e->link, true);
    mig_link_export(&e->link, &state);
    mig_link_detach(&e->link);
    mig_hull_close(&e->hull);
    cut(1);
    memset(&e->hull, 0, sizeof e->hull);
    open_end(e);
    /* Every truncated state must be refused; tried on a link of its own. */
    for (int i = 0; i < 20; i++) {
        struct mig_link trial = {.id = 77, .calls = &(struct mig_link_calls){0}};
        struct mig_stream trials[STREAMS];
        size_t part = (size_t)rand() % state.len;

        copy = malloc(part + 1);
        memcpy(copy, mig_bytes_at(&state), part);
        mig_link_attach(&e->hull, &trial);
        for (int k = 0; k < STREAMS; k++) {
            trials[k] = (struct mig_stream){.id = (uint16_t)k};
            mig_stream_add(&trial, &trials[k]);
        }
        r = mig_reader_of(copy, part);
        if (mig_link_import(&trial, &r))
            fail("truncated state taken");
        mig_link_detach(&trial);
        free(copy);
    }
    r = mig_reader_of(mig_bytes_at(&state), state.len);
    if (mig_link_import_id(&r) != 77 || !mig_link_import(&e->link, &r) || mig_reader_left(&r) != 0)
        fail("import");
    mig_bytes_free(&state);
    for (s = e->link.streams; s != NULL; s = s->next)
        on_stream(&e->link, s);
    moves++;
}

static void disturb(struct mig_timer *timer)
{
    for (int i = 0; i < 2; i++) {
        for (int s = 0; s < STREAMS; s++) {
            fill(&ends[i], s);
            for (int k = 0; k < 4; k++)
                drain(&ends[i], s);
        }
    }
    if (loss > 0) {
        int dice = rand() % 60;

        if (dice == 0) {
            cuts++;
            cut(rand() % 2);
        } else if (dice == 1) {
            cuts++;
            cut(0);
            cut(1);
        } else if (dice == 2) {
            route(false);
            route(true);
        } else if (dice == 3) {
            move_end_1();
        }
    }
    done();
    mig_timer_set(&loop, timer, 1);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct mig_timer timer = {.fire = disturb};
    int64_t start = mig_now();

    if (argc < 2)
        fail("usage: link-test SOCKET [SEED [LOSS]]");
    srand(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
    if (argc > 3)
        loss = atoi(argv[3]);
    snprintf(path, sizeof path, "%s", argv[1]);
    strcpy(address.sun_path, path);
    unlink(path);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 5) != 0)
        fail("listen");
    mig_loop_open(&loop);
    listen_source = (struct mig_source){.fd = listener, .ready = accept_ready};
    mig_watch(&loop, &listen_source, EPOLLIN);
    open_end(&ends[0]);
    open_end(&ends[1]);
    mig_timer_set(&loop, &timer, 1);
    while (!loop.stop) {
        mig_loop_once(&loop, 1000);
        if (mig_now() - start > 120000)
            fail("too slow");
    }
    for (int i = 0; i < 2; i++) {
        mig_link_detach(&ends[i].link);
        mig_hull_close(&ends[i].hull);
        cut(i);
    }
    mig_loop_close(&loop);
    close(listener);
    unlink(path);
    printf("ok %u bytes, %u frames lost, %u cuts, %u moves, %lld ms\n", 2 * STREAMS * TOTAL, dropped, cuts, moves,
           (long long)(mig_now() - start));
    return 0;
}
