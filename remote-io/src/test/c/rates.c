/*
 * How fast file operations are in a directory: prints one line per kind. "Cold" is what it says in
 * a tree that was mounted just now; what home has in its own page cache stays there.
 *
 * usage: rates DIRECTORY MEBIBYTES prepare|measure
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES 2000

static char buffer[1 << 20];

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static void sequential(const char *what, long mebibytes)
{
	int fd = open("big", O_RDONLY);
	must(fd, "open");
	double begun = now();
	ssize_t got;
	long total = 0;
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		total += got;
	double took = now() - begun;
	if (total != mebibytes << 20)
		must(-1, "short file");
	printf("%-28s %8.0f MB/s\n", what, total / 1e6 / took);
	close(fd);
}

static void each(const char *what, int (*operation)(const char *name))
{
	char name[40];
	double begun = now();
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "files/f%d", i);
		must(operation(name), what);
	}
	printf("%-28s %8.0f /s\n", what, FILES / (now() - begun));
	fflush(stdout);
}

static int creating(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);
	if (fd < 0 || write(fd, buffer, 4096) < 0)
		return -1;
	return close(fd);
}

static int looking(const char *name)
{
	struct stat s;
	return stat(name, &s);
}

static int opening(const char *name)
{
	int fd = open(name, O_RDONLY);
	if (fd < 0 || read(fd, buffer, 4096) != 4096)
		return -1;
	return close(fd);
}

static int absent(const char *name)
{
	struct stat s;
	char other[60];
	snprintf(other, sizeof other, "%s-absent", name);
	return stat(other, &s) < 0 && errno == ENOENT ? 0 : -1;
}

static int copying(const char *name)
{
	char other[60];
	snprintf(other, sizeof other, "%s-new", name);
	return creating(other);
}

static int removing(const char *name)
{
	char other[60];
	snprintf(other, sizeof other, "%s-new", name);
	return unlink(other);
}

static void prepare(long mebibytes)
{
	int fd = open("big", O_CREAT | O_TRUNC | O_WRONLY, 0644);
	must(fd, "create");
	double begun = now();
	for (long i = 0; i < mebibytes; i++)
		must(write(fd, buffer, sizeof buffer), "write");
	printf("%-28s %8.0f MB/s\n", "sequential write", (mebibytes << 20) / 1e6 / (now() - begun));
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 4 || chdir(argv[1]) < 0) {
		perror("usage: rates DIRECTORY MEBIBYTES prepare|measure");
		return 2;
	}
	long mebibytes = strtol(argv[2], NULL, 10);
	for (size_t i = 0; i < sizeof buffer; i++)
		buffer[i] = (char)(i * 2654435761u >> 13);
	if (!strcmp(argv[3], "prepare")) {
		prepare(mebibytes);
		must(mkdir("files", 0755), "mkdir");
		each("create + write 4 KiB", creating);
		return 0;
	}
	each("stat, cold", looking);
	each("stat, cached", looking);
	each("open + read 4 KiB, cold", opening);
	each("open + read 4 KiB, cached", opening);
	each("stat of what is not there", absent);
	each("the same again", absent);
	each("create + write 4 KiB", copying);
	each("unlink", removing);
	sequential("sequential read, cold", mebibytes);
	sequential("sequential read, cached", mebibytes);
	int fd = open("big", O_RDONLY);
	unsigned long state = 88172645463325252UL;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	double begun = now();
	for (int i = 0; i < 4000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		must(pread(fd, buffer, 4096, (long)(state % ((unsigned long)mebibytes << 8)) * 4096), "pread");
	}
	printf("%-28s %8.0f /s\n", "4 KiB random read, cold", 4000 / (now() - begun));
	close(fd);
	return 0;
}
