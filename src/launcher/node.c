// The Node form: libexec/conmon is Node.js, which runs src/main.ts. Nothing in the caller's environment may act on it, so
// it gets the environment as a file, and as variables only what a C library reads for our sake.

#define _GNU_SOURCE
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	return launch(argc, argv);
}

// The caller's environment as in /proc/PID/environ. Not close-on-exec: the monitor reads it.
static int environment_file(void)
{
	int fd = memfd_create("environment", 0);
	if (fd < 0)
		die("Failed to make a file");
	for (char **variable = environ; *variable; variable++) {
		const char *at = *variable;
		for (size_t left = strlen(at) + 1; left > 0;) {
			ssize_t written = write(fd, at, left);
			if (written < 0 && errno == EINTR)
				continue;
			if (written <= 0)
				die("Failed to write a file");
			at += written;
			left -= (size_t)written;
		}
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		die("Failed to write a file");
	return fd;
}

static char **monitor_environment(const char *handoff)
{
	static char *variables[3];
	const char *zone = getenv("TZ");
	if (asprintf(&variables[0], "_CONMON_HANDOFF=%d;%s", environment_file(), handoff) < 0 ||
	    (zone && asprintf(&variables[1], "TZ=%s", zone) < 0))
		die("Failed to make the environment");
	return variables;
}

static char *engine_path(void)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("libexec/conmon"));
	if (length < 0)
		die("Failed to find own executable");
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, "libexec/conmon");
	return path;
}

void start_monitor(char **argv, int verdict_fd, const char *handoff)
{
	if (verdict_fd >= 0)
		fcntl(verdict_fd, F_SETFD, 0);
	static const char *const engine_arguments[] = {ENGINE_ARGUMENTS};
	enum { engine_count = sizeof(engine_arguments) / sizeof(*engine_arguments) };
	size_t count = 0;
	while (argv[count])
		count++;
	const char **all = calloc(engine_count + count + 1, sizeof(*all));
	if (!all)
		die("Failed to make the arguments");
	all[0] = argv[0];
	memcpy(all + 1, engine_arguments, sizeof(engine_arguments));
	memcpy(all + 1 + engine_count, argv + 1, (count - 1) * sizeof(*all));
	char *path = engine_path();
	execve(path, (char **)all, monitor_environment(handoff));
	die("Failed to start the monitor %s", path);
}
