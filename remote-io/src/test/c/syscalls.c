/*
 * Does many things to files in the directory given, and prints what each call answered. Run in two
 * directories the outputs must be the same. What differs by nature (times that were not set, inode
 * numbers) is not printed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	int saved = errno;
	if (result < 0)
		printf("%s = %ld errno=%d\n", what, result, saved);
	else
		printf("%s = %ld\n", what, result);
	fflush(stdout);
}

#define TRY(call) say(#call, (errno = 0, (long)(call)))
/* descriptors differ: only whether it worked */
#define OPEN(var, call) do { \
	errno = 0; (var) = (call); say(#call, (var) < 0 ? -1 : 0); } while (0)

static void show(const char *path)
{
	struct stat s;
	if (lstat(path, &s) < 0) {
		say(path, -1);
		return;
	}
	printf("stat %s mode=%o nlink=%lu uid=%u gid=%u size=%ld rdev=%lx blocks=%ld\n", path, s.st_mode,
	       (unsigned long)s.st_nlink, s.st_uid, s.st_gid, S_ISDIR(s.st_mode) ? 0 : (long)s.st_size,
	       (unsigned long)s.st_rdev, S_ISDIR(s.st_mode) ? 0 : (long)s.st_blocks);
}

static void content(const char *path)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY);
	unsigned long sum = 5381, total = 0;
	ssize_t n;
	if (fd < 0) {
		say(path, -1);
		return;
	}
	while ((n = read(fd, buffer, sizeof buffer)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 33 + (unsigned char)buffer[i];
		total += n;
	}
	printf("content %s bytes=%lu sum=%lx\n", path, total, sum);
	close(fd);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	DIR *d = opendir(path);
	char *names[2000];
	int count = 0;
	struct dirent *e;
	if (!d) {
		say(path, -1);
		return;
	}
	while (count < 2000 && (e = readdir(d))) {
		char text[300];
		snprintf(text, sizeof text, "%s:%d", e->d_name, e->d_type);
		names[count++] = strdup(text);
	}
	closedir(d);
	qsort(names, count, sizeof *names, compare);
	printf("list %s:", path);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
	printf("\n");
}

static void opening(void)
{
	int fd;
	OPEN(fd, open("absent", O_RDONLY));
	OPEN(fd, open("f", O_WRONLY | O_CREAT | O_EXCL, 0640));
	TRY(write(fd, "0123456789", 10));
	TRY(close(fd));
	OPEN(fd, open("f", O_WRONLY | O_CREAT | O_EXCL, 0640));
	OPEN(fd, open("f/x", O_RDONLY));
	OPEN(fd, open("f", O_RDONLY | O_DIRECTORY));
	OPEN(fd, open(".", O_WRONLY));
	OPEN(fd, open("f", O_RDONLY));
	TRY(write(fd, "x", 1));
	TRY(ftruncate(fd, 1));
	TRY(pread(fd, (char[4]){0}, 4, 8));
	TRY(pread(fd, (char[4]){0}, 4, 100));
	TRY(lseek(fd, -1, SEEK_SET));
	TRY(lseek(fd, 0, SEEK_END));
	TRY(close(fd));
	OPEN(fd, open("f", O_RDWR | O_APPEND));
	TRY(write(fd, "abc", 3));
	TRY(lseek(fd, 0, SEEK_CUR));
	TRY(pwrite(fd, "Z", 1, 0));
	TRY(close(fd));
	content("f");
	OPEN(fd, open("f", O_WRONLY | O_TRUNC));
	show("f");
	TRY(close(fd));
	OPEN(fd, open("f", O_RDWR | O_SYNC));
	TRY(write(fd, "sync", 4));
	TRY(fsync(fd));
	TRY(fdatasync(fd));
	TRY(close(fd));
	OPEN(fd, open("f", O_RDONLY | O_NOATIME));
	close(fd);
	OPEN(fd, open("f", O_PATH));
	TRY(read(fd, (char[1]){0}, 1));
	close(fd);
	umask(027);
	OPEN(fd, open("masked", O_CREAT | O_WRONLY, 0777));
	close(fd);
	show("masked");
	umask(022);
	char longest[260];
	memset(longest, 'n', sizeof longest);
	longest[255] = 0;
	OPEN(fd, open(longest, O_CREAT | O_WRONLY, 0600));
	close(fd);
	TRY(unlink(longest));
	longest[255] = 'n';
	longest[256] = 0;
	OPEN(fd, open(longest, O_CREAT | O_WRONLY, 0600));
	TRY(mkdir(longest, 0700));
	OPEN(fd, open("", O_RDONLY));
	OPEN(fd, open("f/", O_RDONLY));
	OPEN(fd, open("tr/", O_CREAT | O_WRONLY, 0600));
	OPEN(fd, open(".", O_TMPFILE | O_RDWR, 0600));
	if (fd >= 0) {
		char path[64];
		TRY(write(fd, "temporary", 9));
		struct stat s;
		TRY(fstat(fd, &s));
		printf("tmpfile nlink=%lu size=%ld\n", (unsigned long)s.st_nlink, (long)s.st_size);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		say("linkat tmpfile", linkat(AT_FDCWD, path, AT_FDCWD, "wastmp", AT_SYMLINK_FOLLOW));
		close(fd);
		content("wastmp");
	}
}

static void names(void)
{
	int fd;
	TRY(mkdir("d", 0755));
	TRY(mkdir("d", 0755));
	TRY(mkdir("absent/d", 0755));
	TRY(mkdir("d/e", 02775));
	show("d/e");
	TRY(rmdir("d"));
	TRY(rmdir("f"));
	TRY(rmdir("absent"));
	TRY(rmdir("d/."));
	TRY(unlink("d"));
	TRY(unlink("absent"));
	TRY(symlink("f", "sl"));
	TRY(symlink("f", "sl"));
	TRY(symlink("", "slempty"));
	TRY(symlink("loop2", "loop1"));
	TRY(symlink("loop1", "loop2"));
	OPEN(fd, open("loop1", O_RDONLY));
	OPEN(fd, open("sl", O_RDONLY | O_NOFOLLOW));
	char target[100];
	TRY(readlink("sl", target, sizeof target));
	TRY(readlink("sl", target, 0));
	TRY(readlink("f", target, sizeof target));
	TRY(readlink("absent", target, sizeof target));
	char deep[4096];
	memset(deep, 'p', sizeof deep);
	deep[4095] = 0;
	TRY(symlink(deep, "sllong"));
	deep[1000] = 0;
	TRY(symlink(deep, "sl1000"));
	show("sl1000");
	show("sl");
	TRY(link("f", "f2"));
	TRY(link("f", "f2"));
	TRY(link("d", "d2"));
	TRY(link("absent", "d2"));
	TRY(link("sl", "slhard"));
	show("f2");
	show("slhard");
	TRY(link("f", "f3"));
	TRY(unlink("f3"));
	show("f");
	TRY(rename("f2", "f4"));
	TRY(rename("absent", "f5"));
	TRY(rename("f4", "d"));
	TRY(rename("d", "f4"));
	TRY(rename("d", "d/e/inside"));
	TRY(mkdir("empty", 0700));
	TRY(rename("empty", "d"));
	TRY(rename("d/e", "empty"));
	TRY(syscall(SYS_renameat2, AT_FDCWD, "f4", AT_FDCWD, "f", RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, AT_FDCWD, "masked", AT_FDCWD, "moved", RENAME_NOREPLACE));
	TRY(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "d", RENAME_EXCHANGE));
	show("d");
	show("moved");
	TRY(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "d", RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "absent", RENAME_EXCHANGE));
	TRY(syscall(SYS_renameat2, AT_FDCWD, "moved", AT_FDCWD, "d", RENAME_EXCHANGE | RENAME_NOREPLACE));
	TRY(mknod("fifo", S_IFIFO | 0640, 0));
	show("fifo");
	TRY(mknod("device", S_IFCHR | 0600, makedev(1, 3)));
	show("device");
	TRY(mknod("regular", S_IFREG | 0604, 0));
	show("regular");
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	TRY(bind(s, (struct sockaddr *)&name, sizeof name));
	show("socket");
	TRY(bind(s, (struct sockaddr *)&name, sizeof name));
	close(s);
	list(".");
	list("d");
	TRY(chdir("d"));
	TRY(access("../f", R_OK));
	TRY(access("../../../../../../../../../../../etc/passwd", F_OK));
	TRY(chdir(".."));
	TRY(chdir("f"));
	for (int i = 0; i < 700; i++) {
		char many[40];
		snprintf(many, sizeof many, "d/many-%d-with-a-longer-name", i);
		fd = open(many, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			say(many, -1);
		else
			close(fd);
	}
	list("d");
	DIR *directory = opendir("d");
	for (int i = 0; i < 100; i++)
		readdir(directory);
	long place = telldir(directory);
	struct dirent *at = readdir(directory);
	char expected[256];
	snprintf(expected, sizeof expected, "%s", at->d_name);
	for (int i = 0; i < 300; i++)
		readdir(directory);
	seekdir(directory, place);
	at = readdir(directory);
	printf("seekdir %s\n", at && !strcmp(at->d_name, expected) ? "right" : "wrong");
	rewinddir(directory);
	int count = 0;
	while (readdir(directory))
		count++;
	printf("rewound %d\n", count);
	closedir(directory);
}

static void attributes(void)
{
	struct timespec times[2] = {{1000000000, 123456789}, {1234567890, 987654321}};
	struct stat s;
	TRY(utimensat(AT_FDCWD, "f", times, 0));
	TRY(stat("f", &s));
	printf("times %ld.%09ld %ld.%09ld\n", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
	       (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
	times[0].tv_nsec = UTIME_OMIT;
	times[1].tv_sec = -5;
	TRY(utimensat(AT_FDCWD, "f", times, 0));
	TRY(stat("f", &s));
	printf("times %ld.%09ld %ld.%09ld\n", (long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
	       (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
	times[0].tv_nsec = 7;
	TRY(utimensat(AT_FDCWD, "sl", times, AT_SYMLINK_NOFOLLOW));
	TRY(lstat("sl", &s));
	printf("times %ld.%09ld\n", (long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
	TRY(utimensat(AT_FDCWD, "f", NULL, 0));
	TRY(chmod("f", 0400));
	show("f");
	TRY(chmod("f", 06755));
	show("f");
	int fd;
	OPEN(fd, open("f", O_RDWR));
	TRY(write(fd, "kills setuid?", 13));
	close(fd);
	show("f");
	TRY(chmod("f", 04755));
	TRY(truncate("f", 3));
	show("f");
	TRY(chmod("absent", 0600));
	TRY(chown("f", -1, -1));
	TRY(chown("f", 12345, 23456));
	show("f");
	TRY(chown("f", getuid(), getgid()));
	TRY(lchown("sl", 12345, 23456));
	show("sl");
	TRY(chmod("d", 01777));
	show("d");
	TRY(truncate("f", 100000));
	show("f");
	TRY(truncate("f", -1));
	TRY(truncate("d", 0));
	TRY(truncate("absent", 0));
	content("f");
	struct statfs f;
	TRY(statfs("f", &f));
	printf("statfs bsize=%ld blocks=%lu namelen=%ld\n", (long)f.f_bsize, (unsigned long)f.f_blocks,
	       (long)f.f_namelen);
	TRY(access("f", X_OK));
	TRY(access("d", W_OK));
	TRY(access("absent", F_OK));
}

static void extended(void)
{
	char value[70000];
	TRY(setxattr("f", "user.one", "first", 5, 0));
	TRY(setxattr("f", "user.one", "again", 5, XATTR_CREATE));
	TRY(setxattr("f", "user.two", "x", 1, XATTR_REPLACE));
	TRY(setxattr("f", "user.empty", "", 0, 0));
	TRY(getxattr("f", "user.one", value, sizeof value));
	TRY(getxattr("f", "user.one", value, 2));
	TRY(getxattr("f", "user.one", value, 0));
	TRY(getxattr("f", "user.absent", value, 10));
	TRY(getxattr("f", "user.empty", value, 10));
	TRY(listxattr("f", value, sizeof value));
	TRY(listxattr("f", value, 0));
	TRY(listxattr("f", value, 3));
	TRY(listxattr("moved", value, sizeof value));
	TRY(getxattr("moved", "user.x", value, sizeof value));
	TRY(setxattr("f", "bad", "x", 1, 0));
	TRY(setxattr("f", "nonsense.x", "x", 1, 0));
	TRY(setxattr("f", "trusted.x", "x", 1, 0));
	TRY(getxattr("f", "trusted.x", value, 10));
	TRY(setxattr("f", "security.capability",
		     "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20, 0));
	TRY(getxattr("f", "security.capability", value, 100));
	memset(value, 'v', sizeof value);
	TRY(setxattr("f", "user.big", value, 2000, 0));
	TRY(setxattr("f", "user.huge", value, 65536, 0));
	TRY(setxattr("f", "user.toohuge", value, 65537, 0));
	TRY(lsetxattr("sl", "user.onlink", "x", 1, 0));
	TRY(removexattr("f", "user.one"));
	TRY(removexattr("f", "user.one"));
	TRY(listxattr("f", value, sizeof value));
	/* an ACL: u::rw- u:54321:rwx g::r-- m::rwx o::--- */
	unsigned char acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 7, 0, 0x31, 0xd4, 0, 0,
			       4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 7, 0, 255, 255, 255, 255,
			       0x20, 0, 0, 0, 255, 255, 255, 255};
	TRY(setxattr("moved", "system.posix_acl_access", acl, sizeof acl, 0));
	show("moved");
	TRY(getxattr("moved", "system.posix_acl_access", value, sizeof value));
	TRY(setxattr("d", "system.posix_acl_default", acl, sizeof acl, 0));
	int fd;
	OPEN(fd, open("d/inherits", O_CREAT | O_WRONLY, 0666));
	close(fd);
	show("d/inherits");
	TRY(getxattr("d/inherits", "system.posix_acl_access", value, sizeof value));
	TRY(mkdir("d/inheritsdir", 0777));
	show("d/inheritsdir");
	TRY(getxattr("d/inheritsdir", "system.posix_acl_default", value, sizeof value));
	TRY(removexattr("moved", "system.posix_acl_access"));
	TRY(getxattr("moved", "system.posix_acl_access", value, sizeof value));
	TRY(setxattr("absent", "user.one", "first", 5, 0));
}

static void space(void)
{
	int fd, to;
	static char block[65536];
	memset(block, 'b', sizeof block);
	OPEN(fd, open("sparse", O_CREAT | O_RDWR, 0600));
	TRY(pwrite(fd, block, sizeof block, 1 << 20));
	show("sparse");
	TRY(lseek(fd, 0, SEEK_DATA));
	TRY(lseek(fd, 1 << 20, SEEK_HOLE));
	TRY(lseek(fd, 0, SEEK_HOLE));
	TRY(lseek(fd, 5 << 20, SEEK_DATA));
	TRY(fallocate(fd, 0, 0, 4096));
	TRY(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 << 20, 4096));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (1 << 20) + 4096, 8192));
	TRY(fallocate(fd, FALLOC_FL_ZERO_RANGE, (1 << 20) + 20480, 4096));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096));
	TRY(fallocate(fd, 0, 0, 0));
	TRY(fallocate(fd, 0, -1, 10));
	struct stat s;
	TRY(fstat(fd, &s));
	printf("size %ld\n", (long)s.st_size);
	content("sparse");
	OPEN(to, open("copied", O_CREAT | O_RDWR, 0600));
	loff_t from = 1 << 20, into = 100;
	TRY(copy_file_range(fd, &from, to, &into, 50000, 0));
	printf("offsets %ld %ld\n", (long)from, (long)into);
	TRY(copy_file_range(fd, NULL, to, NULL, 10, 1));
	content("copied");
	TRY(ftruncate(to, 10));
	TRY(fstat(to, &s));
	printf("size %ld\n", (long)s.st_size);
	TRY(posix_fadvise(to, 0, 0, POSIX_FADV_DONTNEED));
	close(fd);
	close(to);
	TRY(truncate("copied", 1L << 62));
}

static void unlinked(void)
{
	int fd;
	char back[20] = "";
	struct stat s;
	OPEN(fd, open("gone", O_CREAT | O_RDWR, 0600));
	TRY(write(fd, "still here", 10));
	TRY(unlink("gone"));
	TRY(fstat(fd, &s));
	printf("unlinked nlink=%lu size=%ld\n", (unsigned long)s.st_nlink, (long)s.st_size);
	TRY(pread(fd, back, 10, 0));
	printf("back %s\n", back);
	TRY(pwrite(fd, "more", 4, 10));
	TRY(ftruncate(fd, 12));
	TRY(fchmod(fd, 0640));
	TRY(fsetxattr(fd, "user.x", "y", 1, 0));
	TRY(fstat(fd, &s));
	printf("unlinked mode=%o size=%ld\n", s.st_mode, (long)s.st_size);
	char path[64];
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again;
	OPEN(again, open(path, O_RDONLY));
	close(again);
	close(fd);
	OPEN(fd, open("gone", O_RDONLY));
	TRY(mkdir("cwd", 0700));
	TRY(chdir("cwd"));
	TRY(rmdir("../cwd"));
	OPEN(fd, open("x", O_CREAT | O_WRONLY, 0600));
	TRY(chdir(".."));
	/* renamed while open */
	OPEN(fd, open("before", O_CREAT | O_RDWR, 0600));
	TRY(write(fd, "one", 3));
	TRY(rename("before", "after"));
	TRY(write(fd, "two", 3));
	close(fd);
	content("after");
}

static void mapping(void)
{
	int fd;
	OPEN(fd, open("mapped", O_CREAT | O_RDWR, 0600));
	TRY(ftruncate(fd, 10000));
	char *shared = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("mmap shared", shared == MAP_FAILED ? -1 : 0);
	if (shared != MAP_FAILED) {
		strcpy(shared + 5000, "through memory");
		TRY(msync(shared, 10000, MS_SYNC));
		char back[20] = "";
		TRY(pread(fd, back, 14, 5000));
		printf("read %s\n", back);
		TRY(pwrite(fd, "through call  ", 14, 5000));
		printf("memory %.14s\n", shared + 5000);
		munmap(shared, 10000);
	}
	char *own = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	say("mmap private", own == MAP_FAILED ? -1 : 0);
	if (own != MAP_FAILED) {
		own[0] = 'x';
		munmap(own, 10000);
	}
	close(fd);
	content("mapped");
}

static void locking(void)
{
	int fd, other;
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
	OPEN(fd, open("locked", O_CREAT | O_RDWR, 0600));
	TRY(fcntl(fd, F_SETLK, &l));
	fflush(stdout);
	if (fork() == 0) {
		struct flock probe = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
		TRY(fcntl(fd, F_SETLK, &probe));
		TRY(fcntl(fd, F_GETLK, &probe));
		printf("holder type=%d start=%ld len=%ld\n", probe.l_type, (long)probe.l_start,
		       (long)probe.l_len);
		probe = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 30, .l_len = 5};
		TRY(fcntl(fd, F_SETLK, &probe));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	l.l_type = F_UNLCK;
	l.l_start = 15;
	l.l_len = 5;
	TRY(fcntl(fd, F_SETLK, &l));
	/* closing any descriptor of the file gives all locks up */
	OPEN(other, open("locked", O_RDONLY));
	close(other);
	fflush(stdout);
	if (fork() == 0) {
		struct flock probe = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
		TRY(fcntl(fd, F_SETLK, &probe));
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	OPEN(other, open("locked", O_RDONLY));
	l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
	TRY(fcntl(other, F_SETLK, &l));
	l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 100};
	TRY(fcntl(fd, F_OFD_SETLK, &l));
	l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 50, .l_len = 100};
	TRY(fcntl(other, F_OFD_SETLK, &l));
	l = (struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET};
	TRY(fcntl(fd, F_OFD_SETLK, &l));
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	TRY(flock(other, LOCK_SH | LOCK_NB));
	TRY(flock(fd, LOCK_SH));
	TRY(flock(other, LOCK_SH | LOCK_NB));
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	TRY(flock(other, LOCK_UN));
	TRY(flock(fd, LOCK_EX | LOCK_NB));
	close(fd);
	TRY(flock(other, LOCK_EX | LOCK_NB));
	close(other);
}

/* What another user may not do; the same calls whoever runs this. */
static void rights(const char *of)
{
	int fd;
	char path[200];
	snprintf(path, sizeof path, "%s/secret", of);
	OPEN(fd, open(path, O_RDONLY));
	snprintf(path, sizeof path, "%s/closed/inside", of);
	OPEN(fd, open(path, O_RDONLY));
	snprintf(path, sizeof path, "%s/readonly", of);
	OPEN(fd, open(path, O_RDONLY));
	OPEN(fd, open(path, O_WRONLY));
	TRY(chmod(path, 0777));
	TRY(chown(path, getuid(), getgid()));
	TRY(truncate(path, 0));
	TRY(utimensat(AT_FDCWD, path, NULL, 0));
	TRY(setxattr(path, "user.x", "y", 1, 0));
	TRY(unlink(path));
	snprintf(path, sizeof path, "%s/sticky/theirs", of);
	TRY(unlink(path));
	TRY(rename(path, "taken"));
	snprintf(path, sizeof path, "%s/new", of);
	OPEN(fd, open(path, O_CREAT | O_WRONLY, 0600));
	TRY(mkdir(path, 0700));
	snprintf(path, sizeof path, "%s/execonly", of);
	OPEN(fd, open(path, O_RDONLY));
	fflush(stdout);
	if (fork() == 0) {
		execl(path, path, (char *)NULL);
		_exit(errno);
	}
	int status;
	wait(&status);
	printf("exec %d\n", WEXITSTATUS(status));
	snprintf(path, sizeof path, "%s/sgid", of);
	char made[220];
	snprintf(made, sizeof made, "%s/in-%d", path, getuid());
	TRY(mkdir(made, 0755));
	show(made);
	TRY(rmdir(made));
	OPEN(fd, open("mine", O_CREAT | O_WRONLY, 0200));
	close(fd);
	OPEN(fd, open("mine", O_RDONLY));
	TRY(chmod("mine", 02755));
	show("mine");
	TRY(chown("mine", 0, -1));
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]) < 0) {
		perror("usage: syscalls DIRECTORY [DIRECTORY OF ANOTHER USER]");
		return 2;
	}
	umask(022);
	if (argc > 2) {
		rights(argv[2]);
		return 0;
	}
	opening();
	names();
	attributes();
	extended();
	space();
	unlinked();
	mapping();
	locking();
	list(".");
	return 0;
}
