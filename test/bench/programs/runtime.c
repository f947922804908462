// An OCI runtime that does nothing, as fast as it can be done: `create` and `exec` fork the container, hand its terminal
// over if it is to have one, write the pid file and end. The container is this program too. It ends at once, or takes
// orders from the fifo in BENCH_ORDERS, a byte each, and ends when nobody holds that fifo's other end any more, so that
// no container outlives the benchmark.
//
//   p  print BENCH_TOTAL_BYTES in lines of BENCH_LINE_BYTES, newlines included; then end, or with BENCH_STAYS wait
//      until all has been read, and write a byte to the fifo in BENCH_REPLIES

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
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
	if (!orders_path)
		_exit(0);
	int orders = open(orders_path, O_RDONLY | O_CLOEXEC);
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

static const char *argument(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc - 1; i++)
		if (strcmp(argv[i], option) == 0)
			return argv[i + 1];
	return NULL;
}

// Makes a terminal, sends its master to the socket at `path`, and has the container's stdio be its slave.
static int take_terminal(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return -1;
	char name[64];
	if (ptsname_r(master, name, sizeof(name)) != 0)
		return -1;
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int console = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (slave < 0 || console < 0 || connect(console, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
	memcpy(CMSG_DATA(&control.header), &master, sizeof(master));
	struct iovec data = {.iov_base = name, .iov_len = strlen(name)};
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	if (sendmsg(console, &message, 0) < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(slave, fd) < 0)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *pid_file = argument(argc, argv, "--pid-file");
	if (!pid_file)
		return 0; // neither create nor exec
	const char *console_socket = argument(argc, argv, "--console-socket");
	if (console_socket && take_terminal(console_socket) < 0)
		return 1;
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
