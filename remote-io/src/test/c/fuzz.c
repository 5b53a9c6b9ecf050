/*
 * Does random things to one file and compares with what it should contain, byte by byte. With two
 * paths to the same file (at home and here) it changes over between them, closing in one place and
 * opening in the other, as two programs do that hand a file over and say so.
 *
 * usage: fuzz SEED OPERATIONS PATH [OTHER PATH]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST (600 * 1024)

static uint64_t state;
static unsigned char good[LARGEST], buffer[LARGEST];
static long size;
static long step;
static const char *doing = "nothing";
static unsigned long seed;

static uint64_t number(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545F4914F6CDD1DULL >> 11;
}

static long below(long limit)
{
	return limit <= 0 ? 0 : (long)(number() % (uint64_t)limit);
}

static void fail(const char *what, long at)
{
	fprintf(stderr, "seed=%lu step=%ld doing=%s: %s at=%ld size=%ld errno=%d\n", seed, step, doing, what,
		at, size, errno);
	exit(1);
}

static void same(const unsigned char *is, long offset, long length)
{
	if (memcmp(is, good + offset, length) == 0)
		return;
	for (long i = 0; i < length; i++)
		if (is[i] != good[offset + i]) {
			fprintf(stderr, "is=%02x should be=%02x\n", is[i], good[offset + i]);
			fail("contents differ", offset + i);
		}
}

static unsigned char *mapped;
static long mapped_from;
static int mapped_fd;

/* A page that could not be had: says which, and what size the kernel believes in and what home says. */
static void bus_error(int signo, siginfo_t *info, void *context)
{
	struct stat s = {0};
	int believed = -1;

	(void)signo;
	(void)context;
	ioctl(mapped_fd, FIONREAD, &believed);
	fstat(mapped_fd, &s);
	fprintf(stderr, "bus error, size believed=%d size asked for=%ld\n", believed, (long)s.st_size);
	fail("page cannot be had", mapped_from + ((unsigned char *)info->si_addr - mapped));
}

static void check_size(int fd)
{
	struct stat s;
	doing = "fstat";
	if (fstat(fd, &s) < 0)
		fail("fstat", 0);
	if (s.st_size != size)
		fail("size differs", s.st_size);
}

static void reading(int fd)
{
	long offset = below(size + 1000), length = below(100000);
	long expected = offset >= size ? 0 : (size - offset < length ? size - offset : length);
	doing = "read";
	ssize_t got = pread(fd, buffer, length, offset);
	if (got != expected)
		fail("short read", got);
	same(buffer, offset, got);
}

static void writing(int fd)
{
	long offset = below(LARGEST), length = below(below(4) ? 9000 : 200000);
	if (offset + length > LARGEST)
		length = LARGEST - offset;
	doing = "write";
	for (long i = 0; i < length; i++)
		good[offset + i] = buffer[i] = (unsigned char)number();
	if (pwrite(fd, buffer, length, offset) != length)
		fail("short write", offset);
	if (length && offset > size)
		memset(good + size, 0, offset - size);
	if (length && offset + length > size)
		size = offset + length;
}

static void mapping(int fd, int write)
{
	if (size == 0)
		return;
	long offset = below(size) & ~4095L;
	long length = 1 + below(size - offset < 100000 ? size - offset : 100000);
	doing = write ? "map and write" : "map and read";
	unsigned char *at = mmap(NULL, length, write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, offset);
	if (at == MAP_FAILED)
		fail("mmap", offset);
	mapped = at;
	mapped_from = offset;
	mapped_fd = fd;
	if (write)
		for (long i = 0; i < length; i += 1 + below(50))
			good[offset + i] = at[i] = (unsigned char)number();
	same(at, offset, length);
	if (write && below(2) && msync(at, length, MS_SYNC) < 0)
		fail("msync", offset);
	munmap(at, length);
}

static void resizing(int fd)
{
	long to = below(LARGEST);
	doing = "ftruncate";
	if (ftruncate(fd, to) < 0)
		fail("ftruncate", to);
	if (to > size)
		memset(good + size, 0, to - size);
	size = to;
}

static void allocating(int fd)
{
	long offset = below(LARGEST - 1), length = 1 + below(50000);
	if (offset + length > LARGEST)
		length = LARGEST - offset;
	int how = (int)below(3);
	int mode = how == 0 ? 0
		   : how == 1 ? FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
			      : FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE;
	doing = "fallocate";
	if (fallocate(fd, mode, offset, length) < 0) {
		if (errno == EOPNOTSUPP)
			return;
		fail("fallocate", offset);
	}
	if (how == 0) {
		if (offset + length > size) {
			memset(good + size, 0, offset + length - size);
			size = offset + length;
		}
	} else if (offset < size) {
		memset(good + offset, 0, (offset + length > size ? size : offset + length) - offset);
	}
}

static void copying(int fd)
{
	if (size < 2)
		return;
	long length = 1 + below(size / 2);
	loff_t from = below(size - length), to = below(LARGEST - length);
	if (labs((long)(from - to)) < length)
		return;
	long source = from, target = to;
	doing = "copy_file_range";
	ssize_t got = copy_file_range(fd, &from, fd, &to, length, 0);
	if (got < 0) {
		if (errno == EOPNOTSUPP || errno == EXDEV)
			return;
		fail("copy_file_range", source);
	}
	if (got > 0 && target > size)
		memset(good + size, 0, target - size);
	memcpy(good + target, good + source, got);
	if (got > 0 && target + got > size)
		size = target + got;
}

/*
 * What a guest wrote is at home before anybody there hears of it from that guest. Here nobody tells
 * anybody anything, so home is asked for something that must come after it.
 */
static void settle(const char *path)
{
	char directory[4096];

	snprintf(directory, sizeof directory, "%s", path);
	char *slash = strrchr(directory, '/');
	if (!slash)
		return;
	*slash = 0;
	if (utimensat(AT_FDCWD, directory, NULL, 0) < 0)
		fail("settle", 0);
}

int main(int argc, char **argv)
{
	struct sigaction bus = {.sa_sigaction = bus_error, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &bus, NULL);
	if (argc < 4) {
		fprintf(stderr, "usage: fuzz SEED OPERATIONS PATH [OTHER PATH]\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 10);
	state = seed * 2654435761UL + 88172645463325252UL;
	long operations = strtol(argv[2], NULL, 10);
	int paths = argc - 3, at = 3;
	int fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		fail("open", 0);
	for (step = 0; step < operations; step++) {
		switch (below(12)) {
		case 0: case 1: case 2:
			reading(fd);
			break;
		case 3: case 4: case 5:
			writing(fd);
			break;
		case 6:
			mapping(fd, 0);
			break;
		case 7:
			mapping(fd, 1);
			break;
		case 8:
			resizing(fd);
			break;
		case 9:
			allocating(fd);
			break;
		case 10:
			copying(fd);
			break;
		default:
			check_size(fd);
			if (below(3) == 0) {
				int fresh = below(8) == 0;
				doing = "close and open";
				if (close(fd) < 0)
					fail("close", 0);
				int next = 3 + below(paths);
				if (next != at)
					settle(argv[at]);
				at = next;
				fd = open(argv[at], O_RDWR | (fresh ? O_TRUNC : 0));
				if (fd < 0)
					fail("open", 0);
				if (fresh)
					size = 0;
				check_size(fd);
			}
		}
	}
	doing = "the end";
	if (pread(fd, buffer, LARGEST, 0) != size)
		fail("size at the end", 0);
	same(buffer, 0, size);
	printf("ok seed=%lu operations=%ld size=%ld\n", seed, operations, size);
	return 0;
}
