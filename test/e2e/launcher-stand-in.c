// Stands in for the monitor behind the launcher: writes down how it was started, then does what it is told to.
//
//   STAND_IN_RECORD  path of the record: fields, each ended by its name, with NULs in them as they come
//   STAND_IN_DOES    what to do then, in order: v gives the verdict, r reads fd 3, e N exits, s N dies of signal N

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void copy(FILE *to, const char *path)
{
	FILE *from = fopen(path, "re");
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

static void record(const char *path)
{
	char temporary[4096];
	snprintf(temporary, sizeof(temporary), "%s~", path);
	FILE *to = fopen(temporary, "we");
	if (!to)
		exit(99);
	int waiting = -1;
	ioctl(3, FIONREAD, &waiting);
	copy(to, "/proc/self/cmdline");
	fputs("\n--argv\n", to);
	copy(to, "/proc/self/environ");
	fputs("\n--environ\n", to);
	write_fds(to, fileno(to));
	fputs("\n--fds\n", to);
	fprintf(to, "%d %d %d\n--pid\n", getpid(), getppid(), waiting);
	char cwd[4096];
	fprintf(to, "%s\n--cwd\n", getcwd(cwd, sizeof(cwd)) ? cwd : "");
	fclose(to);
	rename(temporary, path);
}

static int verdict_fd(void)
{
	const char *handoff = getenv("_CONMON_HANDOFF");
	return handoff ? atoi(handoff) : -1;
}

int main(void)
{
	record(getenv("STAND_IN_RECORD"));
	char *does = getenv("STAND_IN_DOES");
	for (char *word = does ? strtok(does, " ") : NULL; word; word = strtok(NULL, " ")) {
		char byte = 0;
		if (*word == 'v' && write(verdict_fd(), &byte, 1) == 1)
			close(verdict_fd());
		else if (*word == 'r')
			while (read(3, &byte, 1) > 0)
				;
		else if (*word == 'e')
			_exit(atoi(strtok(NULL, " ")));
		else if (*word == 's')
			kill(getpid(), atoi(strtok(NULL, " ")));
	}
	return 0;
}
