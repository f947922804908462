// An OCI runtime that does nothing, as fast as it can be done: `create` forks the container, writes the pid file and
// ends. The container is this program too. It takes orders from the fifo in BENCH_ORDERS, a byte each, and ends when
// nobody holds that fifo's other end any more, so that no container outlives the benchmark.
//
//   p  print BENCH_TOTAL_BYTES in lines of BENCH_LINE_BYTES, newlines included; then end, or with BENCH_STAYS wait
//      until all has been read, and write a byte to the fifo in BENCH_REPLIES

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { block_bytes = 1 << 20 };

static long number(const char *name)
{
	const char *text = getenv(name);
	return text ? atol(text) : 0;
}

static void print_lines(void)
{
	long line = number("BENCH_LINE_BYTES"), left = number("BENCH_TOTAL_BYTES");
	if (line < 1 || line > block_bytes)
		_exit(2);
	long block = block_bytes - block_bytes % line;
	char *bytes = malloc((size_t)block);
	if (!bytes)
		_exit(2);
	for (long i = 0; i < block; i++)
		bytes[i] = i % line == line - 1 ? '\n' : (char)('a' + i % 23);
	left -= left % line;
	for (long at = 0; left > 0;) {
		long want = block - at < left ? block - at : left;
		ssize_t done = write(1, bytes + at, (size_t)want);
		if (done < 0)
			_exit(3);
		left -= done;
		at = (at + done) % block;
	}
	free(bytes);
}

static void await_reader(void)
{
	for (int unread = 1; unread > 0; usleep(1000))
		if (ioctl(1, FIONREAD, &unread) < 0)
			_exit(3);
}

static _Noreturn void be_container(void)
{
	const char *orders_path = getenv("BENCH_ORDERS"), *replies_path = getenv("BENCH_REPLIES");
	int orders = open(orders_path ? orders_path : "", O_RDONLY | O_CLOEXEC);
	if (orders < 0)
		_exit(2);
	setsid();
	for (char order; read(orders, &order, 1) == 1;) {
		if (order != 'p')
			continue;
		print_lines();
		if (!getenv("BENCH_STAYS"))
			_exit(0);
		await_reader();
		int replies = open(replies_path ? replies_path : "", O_WRONLY | O_CLOEXEC);
		if (replies < 0 || write(replies, "d", 1) != 1)
			_exit(2);
		close(replies);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *pid_file = NULL;
	for (int i = 1; i < argc - 1; i++)
		if (strcmp(argv[i], "--pid-file") == 0)
			pid_file = argv[i + 1];
	if (!pid_file)
		return 0; // not create
	pid_t container = fork();
	if (container == 0)
		be_container();
	if (container < 0)
		return 1;
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", (int)container);
	int fd = open(pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	return fd < 0 || write(fd, text, (size_t)length) != length;
}
