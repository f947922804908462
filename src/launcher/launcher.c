// conmon, as its caller starts it. What must happen before the monitor runs happens here, and nothing else: note the
// inherited fds, wait on the start pipe (the caller moves this process to a cgroup first), and fork. The child is the
// monitor. The parent waits for its verdict and ends with it; with --sync there is no parent, the monitor is this
// process. Until the verdict is taken the monitor ends with its launcher, whose end says that the caller has given up.

#define _GNU_SOURCE
#include "launcher.h"
#include "options.h" // made by scripts/build/options-header.ts from src/options/table.ts

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void die(const char *format, ...)
{
	int error = errno;
	va_list args;
	va_start(args, format);
	fputs("conmon: ", stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(EXIT_FAILURE);
}

// A text that grows as it is printed to; `finish_text` ends it.
struct text {
	char *bytes;
	size_t length;
	FILE *stream;
};

static void begin_text(struct text *text)
{
	text->stream = open_memstream(&text->bytes, &text->length);
	if (!text->stream)
		die("Failed to make a text");
}

static char *finish_text(struct text *text)
{
	if (fclose(text->stream) != 0)
		die("Failed to make a text");
	return text->bytes;
}

// What is opened here, or by the monitor, must not get a number below 3: /dev/null takes those places later.
static void fill_stdio(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			die("Failed to open /dev/null");
}

// Every fd from 3 up that the caller left open, as `,3,4`. The monitor opens fds of its own: they can't be told apart
// later.
static char *list_inherited_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	if (!directory)
		die("Failed to list the inherited fds");
	struct text list;
	begin_text(&list);
	errno = 0; // readdir answers NULL at the end too
	for (struct dirent *entry; (entry = readdir(directory)); errno = 0) {
		int fd = atoi(entry->d_name); // 0 for . and ..
		if (fd >= 3 && fd != dirfd(directory))
			fprintf(list.stream, ",%d", fd);
	}
	if (errno != 0)
		die("Failed to list the inherited fds");
	closedir(directory);
	return finish_text(&list);
}

// Has all pages of the executable read from the disk, those that only the monitor needs too. Who reads a page first pays
// for it: before the caller's go that is the caller's cgroup, after it a pod's, which may be small.
static void read_own_pages(void)
{
	extern char __executable_start[], edata[];
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)__executable_start & ~(page - 1);
	madvise((void *)start, (uintptr_t)edata - start, MADV_WILLNEED); // advice alone: what is not taken is read later
}

// One read, of the caller's go or of the end of its pipe. A value that is no pipe is the monitor's to refuse, in its
// words (src/parent/inherited-fds.ts).
static void wait_for_start(void)
{
	const char *number = getenv("_OCI_STARTPIPE");
	char *end;
	long fd = number ? strtol(number, &end, 10) : -1;
	if (fd < 3 || fd > INT_MAX || *end != '\0' || fcntl((int)fd, F_GETFD) < 0)
		return;
	read_own_pages();
	char go[16];
	ssize_t got;
	do
		got = read((int)fd, go, sizeof(go));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		die("start-pipe read failed");
}

// What of the options matters before there is a monitor.
struct request {
	bool sync;
	bool only_asks; // for --version or --help: nobody is to be waited for, whatever the environment says
};

static struct request read_request(char **argv)
{
	struct request request = {0};
	for (char **arg = argv + 1; *arg && strcmp(*arg, "--") != 0; arg++) {
		if (is_flag(*arg, "--sync"))
			request.sync = true;
		else if (is_flag(*arg, "--version") || is_flag(*arg, "--help") || strcmp(*arg, "-h") == 0 || strcmp(*arg, "-?") == 0)
			request.only_asks = true;
		else if (takes_value(*arg) && arg[1])
			arg++;
	}
	return request;
}

// Paths on the command line would mean nothing in a directory that was deleted.
static void need_working_directory(bool only_asks)
{
	char path[4096];
	if (getcwd(path, sizeof(path)) || errno != ENOENT)
		return;
	if (only_asks && chdir("/") == 0)
		return;
	fputs("[conmon:e]: Failed to get working directory\n", stderr);
	exit(EXIT_FAILURE);
}

static long long open_files_max(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("Failed to read the limit of open files");
	return limit.rlim_cur == RLIM_INFINITY ? -1 : (long long)limit.rlim_cur;
}

// What the monitor must know of this process, as src/parent/handoff.ts reads it: the verdict's fd (-1: no verdict is
// waited for), the limit of open files (-1: none), and the inherited fds.
static char *handoff(int verdict_fd, const char *inherited_fds)
{
	char *text;
	if (asprintf(&text, "%d,%lld%s", verdict_fd, open_files_max(), inherited_fds) < 0)
		die("Failed to make a text");
	return text;
}

// --- the monitor's beginning ----------------------------------------------------------------------------------

// SIGKILL: nothing keeps the monitor from ending, an open that blocks or what the caller ignores. src/parent/verdict.ts
// takes the order back. Whether the launcher was gone before it is told by the socket, as in a pid namespace of its own
// the monitor does not see its parent: a process closes its fds before the kernel looks for such orders.
static void end_with_launcher(int verdict_fd)
{
	struct pollfd launcher = {.fd = verdict_fd};
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&launcher, 1, 0) != 0)
		_exit(EXIT_FAILURE);
}

// --- the launcher's own end -----------------------------------------------------------------------------------

// The monitor goes on when it has the byte and this process has ended: with success, as no signal comes between the two
// but SIGKILL, and that only within a moment. One that has ended by now tells its caller why on the sync pipe.
static _Noreturn void take_verdict(int fd, char verdict)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	ssize_t ignored = send(fd, &verdict, 1, MSG_NOSIGNAL);
	(void)ignored;
	_exit(EXIT_SUCCESS);
}

// One byte says that the monitor has accepted its options and has all it needs; otherwise its exit status says why.
static int await_verdict(pid_t monitor, int fd)
{
	char verdict;
	ssize_t got;
	do
		got = read(fd, &verdict, 1);
	while (got < 0 && errno == EINTR);
	if (got == 1)
		take_verdict(fd, verdict);
	int status;
	while (waitpid(monitor, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	if (WIFEXITED(status))
		return WEXITSTATUS(status); // it has said why
	fprintf(stderr, "conmon: The monitor was ended by signal %d before it was ready\n", WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int launch(int argc, char **argv)
{
	// Podman up to 4.3 asks for the version at each of its commands.
	const char *answer = argc != 2 ? NULL : strcmp(argv[1], "--version") == 0 ? version_text : strcmp(argv[1], "--help") == 0 ? help_text : NULL;
	if (answer)
		return fputs(answer, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;

	fill_stdio();
	const char *inherited_fds = list_inherited_fds();
	struct request request = read_request(argv);
	need_working_directory(request.only_asks);
	if (!request.only_asks)
		wait_for_start();
	if (request.sync || request.only_asks)
		start_monitor(argv, -1, handoff(-1, inherited_fds));

	// A caller that ignores it would have us learn nothing of how the monitor ended.
	signal(SIGCHLD, SIG_DFL);
	int verdict[2]; // the launcher's end, the monitor's
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, verdict) < 0)
		die("Failed to make a pair of sockets");
	pid_t monitor = fork();
	if (monitor < 0)
		die("Failed to fork the monitor");
	if (monitor > 0) {
		close(verdict[1]);
		return await_verdict(monitor, verdict[0]);
	}
	close(verdict[0]);
	end_with_launcher(verdict[1]);
	start_monitor(argv, verdict[1], handoff(verdict[1], inherited_fds));
}
