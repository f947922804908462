// Stands in for the monitor behind the launcher: writes down how it was started, then does what it is told to. Linked
// with the launcher it is in the place that the image has in the executable; alone it is the Node form's engine.
//
//   STAND_IN_RECORD  path of the record: fields, each ended by its name, with NULs in them as they come
//   STAND_IN_DOES    what to do then, in order: v gives the verdict and waits for the answer, r reads fd 3, e N exits,
//                    s N dies of signal N

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static void copy(FILE *to, FILE *from)
{
	for (int byte; from && (byte = getc(from)) != EOF;)
		putc(byte, to);
	if (from)
		fclose(from);
}

static void write_fds(FILE *to, int own)
{
	DIR *directory = opendir("/proc/self/fd");
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		int fd = atoi(entry->d_name);
		if (entry->d_name[0] != '.' && fd != dirfd(directory) && fd != own)
			fprintf(to, "%d ", fd);
	}
	closedir(directory);
}

static void record(const char *path, const char *handoff, FILE *environment)
{
	char temporary[4096];
	snprintf(temporary, sizeof(temporary), "%s~", path);
	FILE *to = fopen(temporary, "we");
	if (!to)
		exit(99);
	int waiting = -1;
	ioctl(3, FIONREAD, &waiting);
	copy(to, fopen("/proc/self/cmdline", "re"));
	fputs("\n--argv\n", to);
	copy(to, fopen("/proc/self/environ", "re"));
	fputs("\n--own environ\n", to);
	copy(to, environment);
	fputs("\n--environ\n", to);
	write_fds(to, fileno(to));
	fputs("\n--fds\n", to);
	fprintf(to, "%s\n--handoff\n", handoff);
	fprintf(to, "%d %d\n--pid\n", getpid(), waiting);
	char cwd[4096];
	fprintf(to, "%s\n--cwd\n", getcwd(cwd, sizeof(cwd)) ? cwd : "");
	fclose(to);
	rename(temporary, path);
}

static _Noreturn void stand_in(const char *handoff, char *does)
{
	int verdict_fd = atoi(handoff);
	for (char *word = does ? strtok(does, " ") : NULL; word; word = strtok(NULL, " ")) {
		char byte = 0;
		if (*word == 'v')
			prctl(PR_SET_PDEATHSIG, 0);
		if (*word == 'v' && write(verdict_fd, &byte, 1) == 1 && read(verdict_fd, &byte, 1) == 1)
			close(verdict_fd);
		else if (*word == 'r')
			while (read(3, &byte, 1) > 0)
				;
		else if (*word == 'e')
			_exit(atoi(strtok(NULL, " ")));
		else if (*word == 's')
			kill(getpid(), atoi(strtok(NULL, " ")));
	}
	_exit(0);
}

#ifdef LINKED_WITH_LAUNCHER

#include "launcher.h"

int main(int argc, char **argv)
{
	return launch(argc, argv);
}

void start_monitor(char **argv, int verdict_fd, const char *handoff)
{
	(void)argv, (void)verdict_fd;
	record(getenv("STAND_IN_RECORD"), handoff, fopen("/proc/self/environ", "re"));
	stand_in(handoff, getenv("STAND_IN_DOES"));
}

#else

static char *value_of(const char *environment, const char *end, const char *name)
{
	for (const char *at = environment; at < end; at += strlen(at) + 1)
		if (strncmp(at, name, strlen(name)) == 0)
			return strdup(at + strlen(name));
	return NULL;
}

int main(void)
{
	char *handoff = getenv("_CONMON_HANDOFF");
	FILE *environment = fdopen(atoi(handoff), "re");
	static char text[4 * 1024 * 1024];
	const char *end = text + fread(text, 1, sizeof(text) - 1, environment);
	rewind(environment);
	handoff = strchr(handoff, ';') + 1;
	record(value_of(text, end, "STAND_IN_RECORD="), handoff, environment);
	stand_in(handoff, value_of(text, end, "STAND_IN_DOES="));
}

#endif
