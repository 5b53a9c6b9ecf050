/*
 * mig-writeback CGROUP_PROCS_FILE FILE...: waits until the file systems of these files have taken what was written to them through
 * shared mappings. FILE may be a link in /proc/PID/map_files.
 *
 * Who only opens a file to do so need not be allowed to read it, so what counts is sync_file_range(2). Where the kernel ends the
 * writing of a page before the file system has it (FUSE before Linux 6.16) fsync(2) waits for the rest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int complain(const char *what, const char *on)
{
    fprintf(stderr, "mig-writeback: %s %s: %s\n", what, on, strerror(errno));
    return 1;
}

static int write_back(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return complain("cannot open", path);
    if (sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0) {
        int failed = complain("cannot write back", path);

        close(fd);
        return failed;
    }
    (void)fdatasync(fd);
    close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    int procs;

    if (argc < 3) {
        fprintf(stderr, "usage: mig-writeback CGROUP_PROCS_FILE FILE...\n");
        return 2;
    }
    close_range(3, ~0u, 0);
    procs = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (procs < 0 || write(procs, "0", 1) != 1)
        return complain("cannot enter the cgroup, procs=", argv[1]);
    close(procs);
    for (int i = 2; i < argc; i++)
        if (write_back(argv[i]) != 0)
            return 1;
    return 0;
}
