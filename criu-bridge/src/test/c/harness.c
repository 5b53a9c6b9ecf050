/*
 * What the tests of criu-bridge need outside the JVM: a stand-in for the product's criu starter, an init for a fresh
 * pid namespace, and small programs to freeze and dump. One static executable, one verb per use:
 *
 *   spawn SOCKET TOKEN EXE            connect, send the token, become `EXE swrk FD`
 *   init SOCKET TOKEN EXE [pty]       pid 1: start the above as child, reap until nobody is left; with `pty` the
 *                                     child leads a session on a new pty whose output goes to our stdout
 *   tick FILE                         count in FILE (8 bytes, native) every 2 ms
 *   threads N FILE                    N threads and one child, each with its own 8 byte counter
 *   echo                              copy lines from stdin to stdout with a number in front
 *   ptyjob                            a session leader on a new pty with a job `tick-tty` in the foreground; prints the
 *                                     job's pid, then what comes out of the pty
 *   pending                           block SIGUSR1, SIGUSR2, SIGRTMIN; print "ready", sleep
 *   undumpable                        hold a descriptor CRIU cannot dump; print "ready", sleep
 *   append FILE                       hold FILE open for appending; print "ready", sleep
 *   memory MIB FILE                   fill MIB of private memory with noise, then count in FILE
 *   forker                            fork short-lived children for ever
 *   vforker MS                        vfork children that live MS milliseconds, for ever
 *   orphaner                          double-fork for ever: grandchildren lose their parent
 *   stopped | zombie | traced         what the names say; print "ready" (and the other pid)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "harness: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void forever(void)
{
	for (;;)
		pause();
}

static int do_spawn(const char *path, const char *token, const char *exe)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char number[16];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	if (send(fd, token, strlen(token), 0) < 0)
		die("send");
	snprintf(number, sizeof(number), "%d", fd);
	execl(exe, exe, "swrk", number, (char *)NULL);
	die("exec");
	return 1;
}

static int open_pty(char *slave, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || grantpt(master) || unlockpt(master) || ptsname_r(master, slave, size))
		die("pty");
	return master;
}

static void enter_session_on(const char *slave)
{
	int fd;

	if (setsid() < 0)
		die("setsid");
	fd = open(slave, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0))
		die("controlling terminal");
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

static int reap_all(void)
{
	for (;;)
		if (wait(NULL) < 0 && errno == ECHILD)
			return 0;
}

/* Runs until every child is gone; copies the pty's output to stdout meanwhile. */
static int do_init(int argc, char **argv)
{
	char slave[64];
	int master = -1;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL);
	/* What lives here must have its session leader in here, or it cannot be dumped again. */
	if (setsid() < 0)
		die("setsid");
	if (argc > 3 && !strcmp(argv[3], "pty"))
		master = open_pty(slave, sizeof(slave));
	pid = fork();
	if (!pid) {
		/* The session must outlive criu, or the kernel hangs up the restored job. */
		if (master >= 0) {
			close(master);
			enter_session_on(slave);
			if (fork())
				return reap_all();
		}
		return do_spawn(argv[0], argv[1], argv[2]);
	}
	if (master >= 0) {
		if (!fork()) {
			char buf[4096];
			ssize_t n;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while ((n = read(master, buf, sizeof(buf))) > 0)
				if (write(1, buf, n) != n)
					break;
			_exit(0);
		}
		close(master);
	}
	return reap_all();
}

static volatile uint64_t *counters(const char *file, int n)
{
	int fd = open(file, O_RDWR | O_CREAT, 0644);
	void *p;

	if (fd < 0 || ftruncate(fd, 4096))
		die(file);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || n > 512)
		die("mmap");
	return p;
}

static void *ticker(void *slot)
{
	volatile uint64_t *p = slot;

	for (;;) {
		(*p)++;
		sleep_ms(2);
	}
	return NULL;
}

static int do_threads(int n, const char *file)
{
	volatile uint64_t *p = counters(file, n + 1);
	pthread_t t;
	int i;

	if (!fork())
		ticker((void *)&p[n]);
	for (i = 1; i < n; i++)
		if (pthread_create(&t, NULL, ticker, (void *)&p[i]))
			die("pthread_create");
	ready();
	ticker((void *)&p[0]);
	return 0;
}

static int do_echo(void)
{
	char line[512];
	long n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ready();
	while (fgets(line, sizeof(line), stdin))
		printf("%ld:%s", ++n, line);
	return 7;
}

static int tick_tty(void)
{
	long n = 0;

	while (dprintf(1, "tick %ld\n", ++n) > 0)
		sleep_ms(5);
	return 1;
}

static int do_ptyjob(void)
{
	char slave[64], buf[4096];
	int master = open_pty(slave, sizeof(slave)), report[2];
	pid_t shell, job;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC))
		die("pipe");
	shell = fork();
	if (!shell) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(master);
		enter_session_on(slave);
		signal(SIGTTOU, SIG_IGN);
		job = fork();
		if (!job) {
			signal(SIGTTOU, SIG_DFL);
			setpgid(0, 0);
			close(report[0]);
			close(report[1]);
			return tick_tty();
		}
		setpgid(job, job);
		tcsetpgrp(0, job);
		if (write(report[1], &job, sizeof(job)) != sizeof(job))
			die("report");
		while (waitpid(job, NULL, WUNTRACED) > 0)
			;
		_exit(0);
	}
	if (read(report[0], &job, sizeof(job)) != sizeof(job))
		die("job");
	printf("%d\n", job);
	fflush(stdout);
	while ((n = read(master, buf, sizeof(buf))) > 0)
		if (write(1, buf, n) != n)
			break;
	return 0;
}

static int do_pending(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
	ready();
	forever();
	return 0;
}

static int do_undumpable(void)
{
	if (syscall(SYS_userfaultfd, O_CLOEXEC) < 0)
		die("userfaultfd");
	ready();
	forever();
	return 0;
}

static int do_append(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_APPEND, 0644);

	if (fd < 0 || write(fd, "one\n", 4) != 4)
		die(file);
	ready();
	forever();
	return 0;
}

static int do_memory(long mib, const char *file)
{
	size_t size = (size_t)mib << 20, i;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t x = 88172645463325252ull;
	volatile uint64_t *counter = counters(file, 1);

	if (p == MAP_FAILED)
		die("mmap");
	for (i = 0; i < size; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*(uint64_t *)(p + i) = x;
	}
	ready();
	ticker((void *)counter);
	return 0;
}

static int do_forker(void)
{
	signal(SIGCHLD, SIG_IGN);
	ready();
	for (;;) {
		if (!fork()) {
			sleep_ms(3);
			_exit(0);
		}
		sleep_ms(1);
	}
}

static int do_vforker(long ms)
{
	ready();
	for (;;) {
		pid_t child = vfork();

		if (!child) {
			struct timespec t = { ms / 1000, (ms % 1000) * 1000000 };

			syscall(SYS_nanosleep, &t, NULL);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		sleep_ms(2);
	}
}

static int do_orphaner(void)
{
	signal(SIGCHLD, SIG_IGN);
	ready();
	for (;;) {
		if (!fork()) {
			if (!fork()) {
				sleep_ms(30);
				_exit(0);
			}
			_exit(0);
		}
		sleep_ms(2);
	}
}

static int do_zombie(void)
{
	pid_t child = fork();
	siginfo_t info;

	if (!child)
		_exit(3);
	waitid(P_PID, child, &info, WEXITED | WNOWAIT);
	printf("%d\n", child);
	ready();
	forever();
	return 0;
}

static int do_traced(void)
{
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		forever();
	}
	if (ptrace(PTRACE_SEIZE, child, NULL, NULL))
		die("seize");
	printf("%d\n", child);
	ready();
	forever();
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	prctl(PR_SET_DUMPABLE, 1);
	if (!strcmp(verb, "spawn") && argc == 5)
		return do_spawn(argv[2], argv[3], argv[4]);
	if (!strcmp(verb, "init") && argc >= 5)
		return do_init(argc - 2, argv + 2);
	if (!strcmp(verb, "tick") && argc == 3) {
		volatile uint64_t *p = counters(argv[2], 1);

		ready();
		ticker((void *)p);
	}
	if (!strcmp(verb, "threads") && argc == 4)
		return do_threads(atoi(argv[2]), argv[3]);
	if (!strcmp(verb, "echo"))
		return do_echo();
	if (!strcmp(verb, "ptyjob"))
		return do_ptyjob();
	if (!strcmp(verb, "pending"))
		return do_pending();
	if (!strcmp(verb, "undumpable"))
		return do_undumpable();
	if (!strcmp(verb, "append") && argc == 3)
		return do_append(argv[2]);
	if (!strcmp(verb, "memory") && argc == 4)
		return do_memory(atol(argv[2]), argv[3]);
	if (!strcmp(verb, "forker"))
		return do_forker();
	if (!strcmp(verb, "vforker") && argc == 3)
		return do_vforker(atol(argv[2]));
	if (!strcmp(verb, "orphaner"))
		return do_orphaner();
	if (!strcmp(verb, "stopped")) {
		ready();
		raise(SIGSTOP);
		forever();
	}
	if (!strcmp(verb, "zombie"))
		return do_zombie();
	if (!strcmp(verb, "traced"))
		return do_traced();
	fprintf(stderr, "harness: unknown verb %s\n", verb);
	return 98;
}
