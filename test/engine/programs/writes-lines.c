// A container that writes lines to its stdout.
//
//   writes-lines bulk BYTES     as much as fits at a time
//   writes-lines each COUNT     each line alone, when the one before it has been read
//
// It ends when everything has been read.

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { line_bytes = 100, lines_at_once = 600 };

static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);
		if (written <= 0)
			exit(1);
		bytes += written;
		length -= (size_t)written;
	}
}

static void wait_until_read(void)
{
	int left = 1;
	while (ioctl(STDOUT_FILENO, FIONREAD, &left) == 0 && left > 0)
		sched_yield();
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	static char lines[line_bytes * lines_at_once];
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % line_bytes == line_bytes - 1 ? '\n' : (char)('a' + i % 26);
	long long left = atoll(argv[2]);
	if (strcmp(argv[1], "each") == 0)
		for (; left > 0; left--) {
			write_all(lines, line_bytes);
			wait_until_read();
		}
	for (; left > 0; left -= (long long)sizeof(lines))
		write_all(lines, left < (long long)sizeof(lines) ? (size_t)left : sizeof(lines));
	wait_until_read();
	return 0;
}
