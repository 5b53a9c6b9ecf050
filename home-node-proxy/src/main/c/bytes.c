/* Bytes, numbers and lines of text without stdio. */
#include "link.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void *mig_alloc(size_t size)
{
    void *memory;

    while ((memory = malloc(size)) == NULL) {
        struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

        nanosleep(&pause, NULL);
    }
    return memory;
}

uint8_t *mig_bytes_add(struct mig_bytes *b, const void *data, size_t len)
{
    uint8_t *at;

    if (b->off + b->len + len > b->cap) {
        size_t cap = b->len + len;
        uint8_t *bigger;

        /* The front that was dropped is not carried along: a queue that is filled and emptied in turn stays small. */
        cap = cap < 64 ? 64 : cap + cap / 4;
        bigger = mig_alloc(cap);
        if (b->len > 0)
            memcpy(bigger, b->data + b->off, b->len);
        free(b->data);
        b->data = bigger;
        b->off = 0;
        b->cap = cap;
    }
    at = b->data + b->off + b->len;
    if (len > 0) {
        if (data != NULL)
            memcpy(at, data, len);
        else
            memset(at, 0, len);
    }
    b->len += len;
    return at;
}

void mig_bytes_drop(struct mig_bytes *b, size_t len)
{
    if (len >= b->len) {
        mig_bytes_free(b);
        return;
    }
    b->off += len;
    b->len -= len;
}

void mig_bytes_free(struct mig_bytes *b)
{
    free(b->data);
    memset(b, 0, sizeof *b);
}

void mig_bytes_u8(struct mig_bytes *b, uint8_t v)
{
    mig_bytes_add(b, &v, sizeof v);
}

void mig_bytes_u16(struct mig_bytes *b, uint16_t v)
{
    mig_bytes_add(b, &v, sizeof v);
}

void mig_bytes_u32(struct mig_bytes *b, uint32_t v)
{
    mig_bytes_add(b, &v, sizeof v);
}

void mig_bytes_u64(struct mig_bytes *b, uint64_t v)
{
    mig_bytes_add(b, &v, sizeof v);
}

void mig_bytes_text(struct mig_bytes *b, const char *text)
{
    mig_bytes_add(b, text, strlen(text));
}

static void add_digits(struct mig_bytes *b, uint64_t v, unsigned base)
{
    char digits[24];
    size_t n = sizeof digits;

    do {
        digits[--n] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v != 0);
    mig_bytes_add(b, digits + n, sizeof digits - n);
}

void mig_bytes_number(struct mig_bytes *b, int64_t v)
{
    if (v < 0)
        mig_bytes_u8(b, '-');
    add_digits(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10);
}

void mig_bytes_hex(struct mig_bytes *b, uint64_t v)
{
    add_digits(b, v, 16);
}

struct mig_reader mig_reader_of(const void *data, size_t len)
{
    return (struct mig_reader){.at = data, .end = (const uint8_t *)data + len};
}

const uint8_t *mig_read_raw(struct mig_reader *r, size_t len)
{
    const uint8_t *at = r->at;

    if (r->bad || len > mig_reader_left(r)) {
        r->bad = true;
        return NULL;
    }
    r->at += len;
    return at;
}

static void read_into(struct mig_reader *r, void *to, size_t len)
{
    const uint8_t *at = mig_read_raw(r, len);

    if (at != NULL)
        memcpy(to, at, len);
}

uint8_t mig_read_u8(struct mig_reader *r)
{
    uint8_t v = 0;

    read_into(r, &v, sizeof v);
    return v;
}

uint16_t mig_read_u16(struct mig_reader *r)
{
    uint16_t v = 0;

    read_into(r, &v, sizeof v);
    return v;
}

uint32_t mig_read_u32(struct mig_reader *r)
{
    uint32_t v = 0;

    read_into(r, &v, sizeof v);
    return v;
}

uint64_t mig_read_u64(struct mig_reader *r)
{
    uint64_t v = 0;

    read_into(r, &v, sizeof v);
    return v;
}

/* Splits at the first separator: *piece is what stands before it, *rest what follows. */
static bool split(struct mig_span *rest, char separator, struct mig_span *piece)
{
    const char *end;

    if (rest->at == NULL || rest->len == 0)
        return false;
    end = memchr(rest->at, separator, rest->len);
    piece->at = rest->at;
    piece->len = end != NULL ? (size_t)(end - rest->at) : rest->len;
    rest->at += piece->len;
    rest->len -= piece->len;
    if (end != NULL) {
        rest->at++;
        rest->len--;
    }
    return true;
}

bool mig_text_line(struct mig_span *rest, struct mig_span *line)
{
    return split(rest, '\n', line);
}

bool mig_text_element(struct mig_span *rest, struct mig_span *element)
{
    return split(rest, ',', element);
}

struct mig_span mig_text_rest(struct mig_span line, const char *key)
{
    size_t n = strlen(key);

    if (line.at == NULL || line.len <= n || memcmp(line.at, key, n) != 0 || line.at[n] != '=')
        return (struct mig_span){0};
    return (struct mig_span){line.at + n + 1, line.len - n - 1};
}

struct mig_span mig_text_value(struct mig_span line, const char *key)
{
    struct mig_span word;

    while (split(&line, ' ', &word)) {
        struct mig_span value = mig_text_rest(word, key);

        if (value.at != NULL)
            return value;
    }
    return (struct mig_span){0};
}

bool mig_text_is(struct mig_span s, const char *text)
{
    return s.at != NULL && s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

bool mig_text_has(struct mig_span list, const char *word)
{
    struct mig_span element;

    while (split(&list, ',', &element))
        if (mig_text_is(element, word))
            return true;
    return false;
}

bool mig_text_number(struct mig_span s, int64_t *value)
{
    bool negative = s.len > 0 && s.at[0] == '-';
    int64_t v = 0;
    size_t i;

    if (s.len == negative || s.len > 19)
        return false;
    for (i = negative; i < s.len; i++) {
        int digit = s.at[i] - '0';

        if (digit < 0 || digit > 9 || v > (INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *value = negative ? -v : v;
    return true;
}

bool mig_text_copy(struct mig_span s, char *buffer, size_t size)
{
    buffer[0] = '\0';
    if (s.at == NULL || s.len >= size || memchr(s.at, '\0', s.len) != NULL)
        return false;
    memcpy(buffer, s.at, s.len);
    buffer[s.len] = '\0';
    return true;
}
