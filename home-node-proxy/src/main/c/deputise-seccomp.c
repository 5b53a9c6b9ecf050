/*
 * Filters survive execve(), so a deputy has to live with those of its original. They are programs for a small machine
 * (Documentation/userspace-api/seccomp_filter.rst, classic BPF): we run them for the system calls a deputy makes.
 */
#include "deputise.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

#define MANY_FILTERS 64

struct call {
    int number;
    const char *name;
    uint64_t args[2];
};

/* Arguments that filters like to look at are given; the others are 0. */
static const struct call calls[] = {
    {SYS_read, "read", {0}},
    {SYS_write, "write", {1, 0}},
    {SYS_preadv2, "preadv2", {0}},
    {SYS_pwritev2, "pwritev2", {0}},
    {SYS_close, "close", {0}},
    {SYS_close_range, "close_range", {0}},
    {SYS_openat, "openat", {(uint64_t)-100, 0}},
    {SYS_readlink, "readlink", {0}},
    {SYS_poll, "poll", {0}},
    {SYS_epoll_create1, "epoll_create1", {0}},
    {SYS_epoll_ctl, "epoll_ctl", {0}},
    {SYS_epoll_wait, "epoll_wait", {0}},
    {SYS_signalfd4, "signalfd4", {(uint64_t)-1, 0}},
    {SYS_rt_sigprocmask, "rt_sigprocmask", {0}},
    {SYS_rt_sigaction, "rt_sigaction", {0}},
    {SYS_rt_sigpending, "rt_sigpending", {0}},
    {SYS_kill, "kill", {0}},
    {SYS_getpid, "getpid", {0}},
    {SYS_getpgrp, "getpgrp", {0}},
    {SYS_wait4, "wait4", {0}},
    {SYS_socket, "socket(AF_UNIX)", {1, 1}},
    {SYS_connect, "connect", {0}},
    {SYS_sendto, "sendto", {0}},
    {SYS_recvfrom, "recvfrom", {0}},
    {SYS_fcntl, "fcntl", {0}},
    {SYS_fstat, "fstat", {0}},
    {SYS_fstatfs, "fstatfs", {0}},
    {SYS_ioctl, "ioctl", {0}},
    {SYS_setitimer, "setitimer", {0}},
    {SYS_prlimit64, "prlimit64", {0}},
    {SYS_prctl, "prctl(PR_SET_NAME)", {15, 0}},
    {SYS_clock_gettime, "clock_gettime", {1, 0}},
    {SYS_nanosleep, "nanosleep", {0}},
    {SYS_shutdown, "shutdown", {0}},
    {SYS_mmap, "mmap", {0}},
    {SYS_munmap, "munmap", {0}},
    {SYS_fork, "fork", {0}},
    {SYS_exit_group, "exit_group", {0}},
};

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
    uint32_t value = 0;

    if (offset <= sizeof *data - sizeof value)
        memcpy(&value, (const uint8_t *)data + offset, sizeof value);
    return value;
}

static uint32_t compute(uint16_t code, uint32_t a, uint32_t operand)
{
    switch (BPF_OP(code)) {
    case BPF_ADD:
        return a + operand;
    case BPF_SUB:
        return a - operand;
    case BPF_MUL:
        return a * operand;
    case BPF_DIV:
        return operand == 0 ? 0 : a / operand;
    case BPF_AND:
        return a & operand;
    case BPF_OR:
        return a | operand;
    case BPF_XOR:
        return a ^ operand;
    case BPF_LSH:
        return operand > 31 ? 0 : a << operand;
    case BPF_RSH:
        return operand > 31 ? 0 : a >> operand;
    case BPF_NEG:
        return 0 - a;
    }
    return a;
}

static bool holds(uint16_t code, uint32_t a, uint32_t operand)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == operand;
    case BPF_JGT:
        return a > operand;
    case BPF_JGE:
        return a >= operand;
    case BPF_JSET:
        return (a & operand) != 0;
    }
    return false;
}

/* The verdict of one filter; "kill" when the program is not understood. */
static uint32_t evaluate(const struct sock_filter *program, int length, const struct seccomp_data *data)
{
    uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {0};

    /* Jumps only go forward: the program ends. */
    for (int pc = 0; pc >= 0 && pc < length; pc++) {
        const struct sock_filter *i = &program[pc];
        uint32_t operand = BPF_SRC(i->code) == BPF_X ? x : i->k;
        uint32_t loaded = BPF_MODE(i->code) == BPF_ABS   ? load(data, i->k)
                          : BPF_MODE(i->code) == BPF_IMM ? i->k
                          : BPF_MODE(i->code) == BPF_LEN ? (uint32_t)sizeof *data
                                                         : memory[i->k % BPF_MEMWORDS];

        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
            a = loaded;
            break;
        case BPF_LDX:
            x = loaded;
            break;
        case BPF_ST:
            memory[i->k % BPF_MEMWORDS] = a;
            break;
        case BPF_STX:
            memory[i->k % BPF_MEMWORDS] = x;
            break;
        case BPF_ALU:
            a = compute(i->code, a, operand);
            break;
        case BPF_JMP:
            if (BPF_OP(i->code) == BPF_JA)
                pc += (int)i->k;
            else
                pc += holds(i->code, a, operand) ? i->jt : i->jf;
            break;
        case BPF_RET:
            return BPF_RVAL(i->code) == BPF_A ? a : i->k;
        case BPF_MISC:
            if (BPF_MISCOP(i->code) == BPF_TAX)
                x = a;
            else
                a = x;
            break;
        }
    }
    return SECCOMP_RET_KILL_PROCESS;
}

bool seccomp_allows(struct target *t)
{
    for (int f = 0; f < MANY_FILTERS; f++) {
        long length = ptrace(PTRACE_SECCOMP_GET_FILTER, t->pid, f, NULL);
        struct sock_filter *program;

        if (length < 0 && errno == ENOENT)
            return true;
        if (length <= 0)
            return refuse(t, "cannot read its seccomp filters: %s", strerror(errno));
        program = calloc((size_t)length, sizeof *program);
        if (program == NULL || ptrace(PTRACE_SECCOMP_GET_FILTER, t->pid, f, program) != length) {
            free(program);
            return refuse(t, "cannot read its seccomp filters: %s", strerror(errno));
        }
        for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++) {
            struct seccomp_data data = {.nr = calls[c].number, .arch = AUDIT_ARCH_X86_64};
            uint32_t verdict;

            memcpy(data.args, calls[c].args, sizeof calls[c].args);
            verdict = evaluate(program, (int)length, &data) & SECCOMP_RET_ACTION_FULL;
            if (verdict != SECCOMP_RET_ALLOW && verdict != SECCOMP_RET_LOG) {
                free(program);
                return refuse(t, "its seccomp filter forbids %s, which its deputy needs", calls[c].name);
            }
        }
        free(program);
    }
    return refuse(t, "more than %d seccomp filters", MANY_FILTERS);
}
