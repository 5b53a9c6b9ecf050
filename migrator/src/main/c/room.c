/* Is there room on this node, and is it a program as any other: what libmig-exec.so wants to know before it asks (exec.c). */
#define _GNU_SOURCE
#include "exec.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HEAD 1024 /* bytes of a program's file that tell what it is */

static int open_file(const char *path)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
}

static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open_file(path);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = syscall(SYS_read, fd, text, size - 1);
    syscall(SYS_close, fd);
    text[n > 0 ? n : 0] = 0;
    return n;
}

/* The next number of a text, and where it ends; -1: there is none. */
static int64_t next_number(const char **text)
{
    const char *p = *text;
    int64_t value = 0;

    while (*p == ' ')
        p++;
    if (*p < '0' || *p > '9')
        return -1;
    for (; *p >= '0' && *p <= '9'; p++) {
        if (value > INT64_MAX / 16)
            return -1;
        value = value * 10 + (*p - '0');
    }
    *text = p;
    return value;
}

/* Tasks that run or wait for a processor now, on the whole machine (proc_loadavg(5)), without the caller. */
static int64_t running_tasks(void)
{
    char text[128];
    const char *p = text;

    if (read_file("/proc/loadavg", text, sizeof text) <= 0)
        return 0;
    for (int word = 0; word < 3; word++) {
        p = strchr(p, ' ');
        if (p == NULL)
            return 0;
        p++;
    }
    return next_number(&p) - 1;
}

/* From the name of the link, `pid:[NUMBER]`: to follow it takes three times as long. */
static int64_t own_namespace(void)
{
    char name[64];
    const char *p = name + sizeof "pid:[" - 1;
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/ns/pid", name, sizeof name - 1);

    name[n > 0 ? n : 0] = 0;
    return strncmp(name, "pid:[", sizeof "pid:[" - 1) == 0 ? next_number(&p) : -2;
}

bool no_room(const char *where)
{
    char line[128];
    const char *p = where, *file;
    struct timespec now;
    int64_t namespace = next_number(&p), mode, until, room, pid, running, self;

    if (namespace < 0 || p[0] != ':' || p[1] != '/' || namespace != own_namespace())
        return false;
    file = p + 1;
    if (read_file(file, line, sizeof line) <= 0)
        return false;
    p = line;
    mode = next_number(&p);
    until = next_number(&p);
    room = next_number(&p);
    pid = next_number(&p);
    running = next_number(&p);
    if (mode < 1 || mode > 2 || running < 0 || clock_gettime(CLOCK_MONOTONIC, &now) != 0
        || now.tv_sec * 1000 + now.tv_nsec / 1000000 >= until)
        return false;
    if (mode == 2)
        return true;
    self = syscall(SYS_getpid);
    return (self <= pid || self - pid > room) && running_tasks() > running;
}

/* The file that a new program needs besides its own: the loader, or the interpreter of a script. */
static bool has_interpreter(int fd, char *head, ssize_t len)
{
    char *name = NULL;

    if (len > 3 && head[0] == '#' && head[1] == '!') {
        char *end = memchr(head, '\n', (size_t)len);

        if (end == NULL)
            return false;
        *end = 0;
        for (name = head + 2; *name == ' ' || *name == '\t'; name++)
            ;
        name[strcspn(name, " \t\r")] = 0;
    } else if (len >= (ssize_t)sizeof(Elf64_Ehdr) && memcmp(head, ELFMAG, SELFMAG) == 0) {
        const Elf64_Ehdr *elf = (const Elf64_Ehdr *)head;

        if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_X86_64 || (elf->e_type != ET_EXEC && elf->e_type != ET_DYN)
            || elf->e_phentsize != sizeof(Elf64_Phdr) || elf->e_phoff > HEAD || elf->e_phoff % 8 != 0
            || elf->e_phoff + (size_t)elf->e_phnum * sizeof(Elf64_Phdr) > (size_t)len)
            return false;
        for (int i = 0; i < elf->e_phnum; i++) {
            const Elf64_Phdr *part = (const Elf64_Phdr *)(head + elf->e_phoff) + i;
            uint64_t offset = part->p_offset, size = part->p_filesz;

            if (part->p_type != PT_INTERP)
                continue;
            if (size < 2 || size > HEAD || syscall(SYS_pread64, fd, head, size, offset) != (long)size || head[size - 1] != 0)
                return false;
            name = head;
            break;
        }
        if (name == NULL)
            return true; /* static */
    }
    return name != NULL && name[0] == '/' && syscall(SYS_faccessat, AT_FDCWD, name, X_OK) == 0;
}

bool is_ordinary(const char *path)
{
    _Alignas(8) char head[HEAD + 1];
    struct stat file;
    const char *base = strrchr(path, '/');
    int fd;
    bool good;

    if (strcmp(base != NULL ? base + 1 : path, "mig-born") == 0 || syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
        return false;
    fd = open_file(path);
    if (fd < 0)
        return false;
    good = syscall(SYS_newfstatat, fd, "", &file, AT_EMPTY_PATH) == 0 && S_ISREG(file.st_mode) && (file.st_mode & (S_ISUID | S_ISGID)) == 0
           && syscall(SYS_fgetxattr, fd, "security.capability", NULL, 0) < 0;
    if (good) {
        ssize_t len = syscall(SYS_read, fd, head, HEAD);

        head[len > 0 ? len : 0] = 0;
        good = len > 0 && has_interpreter(fd, head, len);
    }
    syscall(SYS_close, fd);
    return good;
}

bool search(const char *name, char *found, size_t size)
{
    const char *path = NULL, *end;
    size_t len = strlen(name);

    if (len == 0 || len >= size)
        return false;
    if (strchr(name, '/') != NULL) {
        memcpy(found, name, len + 1);
        return true;
    }
    for (char **env = environ; env != NULL && *env != NULL && path == NULL; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            path = *env + 5;
    for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
        end = strchrnul(path, ':');
        size_t folder = (size_t)(end - path);
        struct stat file;

        if (folder == 0 || *path != '/' || folder + len + 2 > size)
            return false;
        memcpy(found, path, folder);
        found[folder] = '/';
        memcpy(found + folder + 1, name, len + 1);
        if (syscall(SYS_faccessat2, AT_FDCWD, found, X_OK, AT_EACCESS) == 0
            && syscall(SYS_newfstatat, AT_FDCWD, found, &file, 0) == 0 && S_ISREG(file.st_mode))
            return true;
    }
    return false;
}
