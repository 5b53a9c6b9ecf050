/*
 * How fast file operations are in the current directory; prints one line "what value" per kind, rates in 1e6 bytes or
 * operations per second.
 *
 * usage: io prepare MEBIBYTES FILES     makes big, random and files/; prints nothing
 *        io measure MEBIBYTES FILES     needs what prepare made, which nobody here has looked at: the first look is cold
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RANDOM_READS = 4000 };

static char buffer[1 << 20];
static int files;

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

static void say(const char *what, double value)
{
	printf("%s %.3f\n", what, value);
	fflush(stdout);
}

/* All bytes are handed over when close() returns; whether they are on the disk is the file system's business. */
static double filling(const char *name, long mebibytes)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	must(fd, name);
	double begun = now();
	for (long i = 0; i < mebibytes; i++)
		must(write(fd, buffer, sizeof buffer) == sizeof buffer ? 0 : -1, "write");
	must(close(fd), "close");
	return (mebibytes << 20) / 1e6 / (now() - begun);
}

static double reading(const char *name, long mebibytes)
{
	int fd = open(name, O_RDONLY);
	must(fd, name);
	double begun = now();
	ssize_t got;
	long total = 0;
	while ((got = read(fd, buffer, sizeof buffer)) > 0)
		total += got;
	double took = now() - begun;
	must(total == mebibytes << 20 ? 0 : -1, "short file");
	close(fd);
	return total / 1e6 / took;
}

static double jumping(const char *name, long mebibytes, unsigned long state)
{
	int fd = open(name, O_RDONLY);
	must(fd, name);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	double begun = now();
	for (int i = 0; i < RANDOM_READS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		must(pread(fd, buffer, 4096, (long)(state % ((unsigned long)mebibytes << 8)) * 4096), "pread");
	}
	double took = now() - begun;
	close(fd);
	return RANDOM_READS / took;
}

static void each(const char *what, int (*operation)(const char *name), const char *form)
{
	char name[40];
	double begun = now();
	for (int i = 0; i < files; i++) {
		snprintf(name, sizeof name, form, i);
		must(operation(name), what);
	}
	if (what[0])
		say(what, files / (now() - begun));
}

static int creating(const char *name)
{
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
	if (fd < 0 || write(fd, buffer, 4096) != 4096)
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

static int missing(const char *name)
{
	return looking(name) < 0 && errno == ENOENT ? 0 : -1;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: io prepare|measure MEBIBYTES FILES\n");
		return 2;
	}
	long mebibytes = atol(argv[2]);
	files = atoi(argv[3]);
	for (size_t i = 0; i < sizeof buffer; i++)
		buffer[i] = (char)(i * 2654435761u >> 13);
	if (!strcmp(argv[1], "prepare")) {
		filling("big", mebibytes);
		filling("random", mebibytes);
		must(mkdir("files", 0755), "mkdir");
		each("", creating, "files/f%d");
		return 0;
	}
	each("stat-cold", looking, "files/f%d");
	each("stat", looking, "files/f%d");
	each("open-cold", opening, "files/f%d");
	each("open", opening, "files/f%d");
	each("", missing, "files/n%d");
	each("stat-missing", missing, "files/n%d");
	each("create", creating, "files/c%d");
	each("unlink", unlink, "files/c%d");
	say("read-cold", reading("big", mebibytes));
	say("read", reading("big", mebibytes));
	say("random-cold", jumping("random", mebibytes, 88172645463325252UL));
	say("random", jumping("random", mebibytes, 88172645463325252UL));
	say("write", filling("written", mebibytes));
	return 0;
}
