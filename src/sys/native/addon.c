// One function for each method of Sys (../sys.ts), which says what each takes: fetch the arguments, make the call,
// return its result or -errno. No policy.

#define _GNU_SOURCE
#include "args.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(name) static napi_value call_##name(napi_env env, napi_callback_info info)
#define INT(index) args_int(&args, index)
#define UINT32(index) args_uint32(&args, index)
#define ANSWER(expression) return answer(&args, args.wrong ? 0 : (int64_t)(expression))

// What is returned where a path cannot be one: its own errno, without a call.
static int bad_path(const struct path *path)
{
	errno = path->error;
	return -1;
}

// Calls that take a path and one number, of the type that `get` fetches.
#define PATH_CALL(name, get, expression)                                 \
	CALL(name)                                                       \
	{                                                                \
		struct args args = args_of(env, info, 2);                \
		struct path path;                                        \
		args_path(&args, 0, &path);                              \
		__auto_type number = get(1);                             \
		ANSWER(path.error ? bad_path(&path) : (expression));     \
	}
// Calls that take a path alone.
#define ONE_PATH_CALL(name, expression)                                  \
	CALL(name)                                                       \
	{                                                                \
		struct args args = args_of(env, info, 1);                \
		struct path path;                                        \
		args_path(&args, 0, &path);                              \
		ANSWER(path.error ? bad_path(&path) : (expression));     \
	}
// Calls that take up to three ints.
#define INT_CALL(name, count, expression)                                \
	CALL(name)                                                       \
	{                                                                \
		struct args args = args_of(env, info, count);            \
		int a = count > 0 ? INT(0) : 0;                          \
		int b = count > 1 ? INT(1) : 0;                          \
		int c = count > 2 ? INT(2) : 0;                          \
		(void)a, (void)b, (void)c;                               \
		ANSWER(expression);                                      \
	}
// Calls that move bytes between an fd and a range of a Uint8Array.
#define BYTES_CALL(name, count, expression)                              \
	CALL(name)                                                       \
	{                                                                \
		struct args args = args_of(env, info, count);            \
		int fd = INT(0);                                         \
		size_t length = 0;                                       \
		uint8_t *bytes = args_range(&args, 1, &length);          \
		int flags = count > 4 ? INT(4) : 0;                      \
		(void)flags;                                             \
		ANSWER(expression);                                      \
	}

// --- files ----------------------------------------------------------------------------------------------------

CALL(open)
{
	struct args args = args_of(env, info, 3);
	struct path path;
	args_path(&args, 0, &path);
	int flags = INT(1);
	mode_t mode = UINT32(2);
	ANSWER(path.error ? bad_path(&path) : open(path.bytes, flags, mode));
}

CALL(openat)
{
	struct args args = args_of(env, info, 4);
	struct path path;
	int dirfd = INT(0);
	args_path(&args, 1, &path);
	int flags = INT(2);
	mode_t mode = UINT32(3);
	ANSWER(path.error ? bad_path(&path) : openat(dirfd, path.bytes, flags, mode));
}

INT_CALL(close, 1, close(a))
BYTES_CALL(read, 4, read(fd, bytes, length))
BYTES_CALL(write, 4, write(fd, bytes, length))
INT_CALL(fsync, 1, fsync(a))

CALL(fchmod)
{
	struct args args = args_of(env, info, 2);
	int fd = INT(0);
	mode_t mode = UINT32(1);
	ANSWER(fchmod(fd, mode));
}

CALL(umask)
{
	struct args args = args_of(env, info, 1);
	mode_t mask = UINT32(0);
	ANSWER(umask(mask));
}

CALL(ftruncate)
{
	struct args args = args_of(env, info, 2);
	int fd = INT(0);
	off_t length = args_int64(&args, 1);
	ANSWER(ftruncate(fd, length));
}

// A double holds 53 bits, and a device or inode has 64.
static double lower_half(uint64_t number)
{
	return (double)(uint32_t)number;
}

static double upper_half(uint64_t number)
{
	return (double)(number >> 32);
}

// As src/sys/file-stat.ts has it.
enum { stat_numbers = 9 };

static int fill_stat(int result, const struct stat *stat, double *out)
{
	if (result == 0) {
		out[0] = stat->st_mode;
		out[1] = stat->st_uid;
		out[2] = stat->st_gid;
		out[3] = (double)stat->st_size;
		out[4] = lower_half(stat->st_dev);
		out[5] = lower_half(stat->st_ino);
		out[6] = (double)stat->st_nlink;
		out[7] = upper_half(stat->st_dev);
		out[8] = upper_half(stat->st_ino);
	}
	return result;
}

CALL(fstat)
{
	struct args args = args_of(env, info, 2);
	struct stat stat;
	int fd = INT(0);
	double *out = args_doubles(&args, 1, stat_numbers);
	ANSWER(fill_stat(fstat(fd, &stat), &stat, out));
}

CALL(lstatat)
{
	struct args args = args_of(env, info, 3);
	struct stat stat;
	struct path path;
	int dirfd = INT(0);
	args_path(&args, 1, &path);
	double *out = args_doubles(&args, 2, stat_numbers);
	ANSWER(path.error ? bad_path(&path) : fill_stat(fstatat(dirfd, path.bytes, &stat, AT_SYMLINK_NOFOLLOW), &stat, out));
}

CALL(renameat)
{
	struct args args = args_of(env, info, 4);
	struct path from, to;
	int from_dirfd = INT(0);
	args_path(&args, 1, &from);
	int to_dirfd = INT(2);
	args_path(&args, 3, &to);
	ANSWER(from.error ? bad_path(&from) : to.error ? bad_path(&to) : renameat(from_dirfd, from.bytes, to_dirfd, to.bytes));
}

CALL(rename)
{
	struct args args = args_of(env, info, 2);
	struct path from, to;
	args_path(&args, 0, &from);
	args_path(&args, 1, &to);
	ANSWER(from.error ? bad_path(&from) : to.error ? bad_path(&to) : rename(from.bytes, to.bytes));
}

CALL(symlink)
{
	struct args args = args_of(env, info, 2);
	struct path target, path;
	args_path(&args, 0, &target);
	args_path(&args, 1, &path);
	ANSWER(target.error ? bad_path(&target) : path.error ? bad_path(&path) : symlink(target.bytes, path.bytes));
}

CALL(unlinkat)
{
	struct args args = args_of(env, info, 3);
	struct path path;
	int dirfd = INT(0);
	args_path(&args, 1, &path);
	int flags = INT(2);
	ANSWER(path.error ? bad_path(&path) : unlinkat(dirfd, path.bytes, flags));
}

CALL(getcwd)
{
	struct args args = args_of(env, info, 1);
	size_t size = 0;
	uint8_t *path = args_bytes(&args, 0, 0, &size);
	ANSWER(syscall(SYS_getcwd, path, size));
}

PATH_CALL(access, INT, access(path.bytes, number))
PATH_CALL(mkfifo, UINT32, mkfifo(path.bytes, number))
ONE_PATH_CALL(unlink, unlink(path.bytes))
ONE_PATH_CALL(memfdCreate, memfd_create(path.bytes, MFD_CLOEXEC | MFD_ALLOW_SEALING))

// --- fds ------------------------------------------------------------------------------------------------------

CALL(pipe2)
{
	struct args args = args_of(env, info, 2);
	size_t count;
	int *out = args_int32s(&args, 0, 2, &count);
	int flags = INT(1);
	ANSWER(pipe2(out, flags));
}

CALL(ioctl)
{
	struct args args = args_of(env, info, 3);
	size_t size;
	int fd = INT(0);
	unsigned long request = args_size(&args, 1);
	uint8_t *arg = args_bytes(&args, 2, 8, &size);
	ANSWER(syscall(SYS_ioctl, fd, request, arg)); // the C library's request may be an int
}

INT_CALL(dup3, 3, dup3(a, b, c))
INT_CALL(fcntl, 3, fcntl(a, b, c))

CALL(eventfd)
{
	struct args args = args_of(env, info, 2);
	unsigned initial = UINT32(0);
	int flags = INT(1);
	ANSWER(eventfd(initial, flags));
}

// --- sockets --------------------------------------------------------------------------------------------------

// A path that begins with NUL is a name in the abstract namespace.
static socklen_t address_of(const struct path *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	bool is_abstract = path->bytes[0] == '\0' && path->length > 0;
	if (path->error || path->length > sizeof(address->sun_path) - !is_abstract) {
		errno = path->error ? path->error : ENAMETOOLONG;
		return 0;
	}
	memcpy(address->sun_path, path->bytes, path->length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path->length + !is_abstract);
}

#define ADDRESS_CALL(name)                                                                       \
	CALL(name)                                                                               \
	{                                                                                        \
		struct args args = args_of(env, info, 2);                                        \
		struct path path;                                                                \
		struct sockaddr_un address;                                                      \
		int fd = INT(0);                                                                 \
		args_path(&args, 1, &path);                                                      \
		socklen_t length = address_of(&path, &address);                                  \
		ANSWER(length == 0 ? -1 : name(fd, (const struct sockaddr *)&address, length)); \
	}

ADDRESS_CALL(bind)
ADDRESS_CALL(connect)
INT_CALL(socket, 1, socket(AF_UNIX, a, 0))
INT_CALL(listen, 2, listen(a, b))
INT_CALL(accept4, 2, accept4(a, NULL, NULL, b))
INT_CALL(shutdown, 2, shutdown(a, b))
INT_CALL(setsockopt, 3, setsockopt(a, SOL_SOCKET, b, &c, sizeof(c)))
BYTES_CALL(send, 5, send(fd, bytes, length, flags))
BYTES_CALL(recv, 5, recv(fd, bytes, length, flags))

enum { packets_max = 32 };

// Not by the C library: musl's makes a call for each packet. What the kernel takes for padding is zeroed.
CALL(sendmmsg)
{
	struct args args = args_of(env, info, 7);
	struct mmsghdr messages[packets_max] = {0};
	struct iovec parts[packets_max][2];
	size_t length = 0, count = 0;
	int fd = INT(0);
	uint8_t first = args_uint8(&args, 1);
	uint8_t *bytes = args_range(&args, 2, &length);
	size_t packet = args_size(&args, 5);
	int flags = INT(6);
	if (packet == 0)
		args.wrong = true;
	for (size_t at = 0; !args.wrong && at < length && count < packets_max; at += packet, count++) {
		parts[count][0] = (struct iovec){&first, 1};
		parts[count][1] = (struct iovec){bytes + at, length - at < packet ? length - at : packet};
		messages[count].msg_hdr.msg_iov = parts[count];
		messages[count].msg_hdr.msg_iovlen = 2;
	}
	ANSWER(syscall(SYS_sendmmsg, fd, messages, count, flags));
}

CALL(sendto)
{
	struct args args = args_of(env, info, 6);
	struct path path;
	struct sockaddr_un address;
	size_t length = 0;
	int fd = INT(0);
	uint8_t *bytes = args_range(&args, 1, &length);
	int flags = INT(4);
	args_path(&args, 5, &path);
	socklen_t address_length = address_of(&path, &address);
	ANSWER(address_length == 0 ? -1 : sendto(fd, bytes, length, flags, (const struct sockaddr *)&address, address_length));
}

// Room for one fd, aligned as the kernel wants it. CMSG_SPACE rounds up, so a second one may fit: see take_fd.
union one_fd {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void put_fd(struct msghdr *message, int fd)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
}

CALL(sendFdTo)
{
	struct args args = args_of(env, info, 4);
	struct path path;
	struct sockaddr_un address;
	union one_fd control = {0};
	int fd = INT(0), fd_to_send = INT(1), flags = INT(2);
	args_path(&args, 3, &path);
	socklen_t address_length = address_of(&path, &address);
	struct msghdr message = {
		.msg_name = &address, .msg_namelen = address_length, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	put_fd(&message, fd_to_send);
	ANSWER(address_length == 0 ? -1 : sendmsg(fd, &message, flags));
}

CALL(sendFd)
{
	struct args args = args_of(env, info, 5);
	union one_fd control = {0};
	size_t length = 0;
	int fd = INT(0);
	struct iovec part = {.iov_base = args_range(&args, 1, &length)};
	part.iov_len = length;
	int fd_to_send = INT(4);
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	put_fd(&message, fd_to_send);
	ANSWER(sendmsg(fd, &message, MSG_NOSIGNAL));
}

static int take_fd(struct msghdr *message)
{
	int taken = -1;
	const struct cmsghdr *header = CMSG_FIRSTHDR(message); // there is room for one
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return -1;
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < count; i++) {
		int fd;
		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		if (taken < 0)
			taken = fd;
		else
			close(fd); // nobody asked for a second one
	}
	return taken;
}

CALL(recvFd)
{
	struct args args = args_of(env, info, 3);
	union one_fd control = {0};
	size_t length = 0, count;
	int fd = INT(0);
	uint8_t *bytes = args_bytes(&args, 1, 1, &length);
	int *out = args_int32s(&args, 2, 1, &count);
	if (args.wrong)
		return answer(&args, 0);
	struct iovec part = {.iov_base = bytes, .iov_len = length};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	out[0] = got < 0 ? -1 : take_fd(&message);
	return answer(&args, got);
}

// --- processes ------------------------------------------------------------------------------------------------

INT_CALL(getpid, 0, getpid())
INT_CALL(getpgid, 1, getpgid(a))
INT_CALL(setsid, 0, setsid())
INT_CALL(kill, 2, kill(a, b))
INT_CALL(pidfdOpen, 1, syscall(SYS_pidfd_open, a, 0))
INT_CALL(pidfdSendSignal, 2, syscall(SYS_pidfd_send_signal, a, b, NULL, 0))
INT_CALL(ignoreSignal, 1, signal(a, SIG_IGN) == SIG_ERR ? -1 : 0)

CALL(prctl)
{
	struct args args = args_of(env, info, 2);
	int option = INT(0);
	unsigned long arg = args_size(&args, 1);
	ANSWER(prctl(option, arg, 0UL, 0UL, 0UL));
}

CALL(waitpid)
{
	struct args args = args_of(env, info, 3);
	size_t count;
	int pid = INT(0);
	int *status = args_int32s(&args, 1, 1, &count);
	int options = INT(2);
	ANSWER(waitpid(pid, status, options));
}

static int signal_pipe[2] = {-1, -1};

static void note_signal(int number)
{
	int error = errno;
	uint8_t byte = (uint8_t)number;
	ssize_t ignored = write(signal_pipe[1], &byte, 1); // full: the reader has plenty to wake up for
	(void)ignored;
	errno = error;
}

enum { signals_max = 64 };

CALL(signalPipe)
{
	struct args args = args_of(env, info, 1);
	uint32_t count = 0;
	int numbers[signals_max];
	// The caller may have started us with some of them blocked or ignored.
	sigset_t wanted;
	sigemptyset(&wanted);
	if (args.wrong || napi_get_array_length(env, args.values[0], &count) != napi_ok || count > signals_max)
		args.wrong = true;
	for (uint32_t i = 0; i < count && !args.wrong; i++) {
		napi_value value;
		if (napi_get_element(env, args.values[0], i, &value) != napi_ok)
			args.wrong = true;
		numbers[i] = int_of(&args, value);
	}
	if (args.wrong || (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) < 0))
		return answer(&args, -1);
	for (uint32_t i = 0; i < count; i++) {
		struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
		if (sigaction(numbers[i], &action, NULL) < 0)
			return answer(&args, -1);
		sigaddset(&wanted, numbers[i]);
	}
	pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
	return answer(&args, signal_pipe[0]);
}

CALL(exit)
{
	struct args args = args_of(env, info, 1);
	int status = INT(0);
	if (!args.wrong)
		_exit(status);
	return answer(&args, 0);
}

// --- waiting --------------------------------------------------------------------------------------------------

INT_CALL(epollCreate, 0, epoll_create1(EPOLL_CLOEXEC))
INT_CALL(inotifyInit, 1, inotify_init1(a))

CALL(epollCtl)
{
	struct args args = args_of(env, info, 4);
	int epfd = INT(0), op = INT(1), fd = INT(2);
	struct epoll_event event = {.events = UINT32(3), .data.fd = fd};
	ANSWER(epoll_ctl(epfd, op, fd, &event));
}

enum { epoll_events_max = 64 };

CALL(epollWait)
{
	struct args args = args_of(env, info, 3);
	struct epoll_event events[epoll_events_max];
	size_t size = 0;
	int epfd = INT(0);
	int32_t *out = args_int32s(&args, 1, 2, &size);
	int timeout = INT(2);
	if (args.wrong)
		return answer(&args, 0);
	size_t pairs = size / 2;
	int count = epoll_wait(epfd, events, pairs < epoll_events_max ? (int)pairs : epoll_events_max, timeout);
	for (int i = 0; i < count; i++) {
		out[2 * i] = events[i].data.fd;
		out[2 * i + 1] = (int32_t)events[i].events;
	}
	return answer(&args, count);
}

CALL(inotifyAddWatch)
{
	struct args args = args_of(env, info, 3);
	struct path path;
	int fd = INT(0);
	args_path(&args, 1, &path);
	uint32_t mask = UINT32(2);
	ANSWER(path.error ? bad_path(&path) : inotify_add_watch(fd, path.bytes, mask));
}

CALL(getrandom)
{
	struct args args = args_of(env, info, 2);
	size_t size = 0;
	uint8_t *bytes = args_bytes(&args, 0, 0, &size);
	unsigned flags = UINT32(1);
	ANSWER(getrandom(bytes, size, flags));
}

// --- memory ---------------------------------------------------------------------------------------------------

CALL(madvise)
{
	struct args args = args_of(env, info, 2);
	size_t size = 0;
	uint8_t *bytes = args_bytes(&args, 0, 0, &size);
	int advice = INT(1);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t before = (page - (uintptr_t)bytes % page) % page; // of a page that others have a part of, too
	size_t whole = before < size ? (size - before) / page * page : 0;
	ANSWER(whole > 0 ? madvise(bytes + before, whole, advice) : 0);
}

// --- time -----------------------------------------------------------------------------------------------------

CALL(clockGettime)
{
	struct args args = args_of(env, info, 2);
	struct timespec now = {0};
	int clock = INT(0);
	double *out = args_doubles(&args, 1, 2);
	if (args.wrong)
		return answer(&args, 0);
	int result = clock_gettime(clock, &now);
	out[0] = (double)now.tv_sec;
	out[1] = (double)now.tv_nsec;
	return answer(&args, result);
}

// For musl a TZ such as EST5EDT is a rule that never leaves summer time; a glibc takes it for the name of a file first.
// A colon says that it is one.
static void prefer_zone_file(void)
{
#ifndef __GLIBC__
	static bool done;
	const char *zone = done ? NULL : getenv("TZ");
	done = true;
	char path[sizeof("/usr/share/zoneinfo/") + NAME_MAX];
	if (!zone || !strpbrk(zone, "0123456789") || strpbrk(zone, ":,.<") || strlen(zone) > NAME_MAX)
		return;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	if (access(path, R_OK) < 0)
		return;
	snprintf(path, sizeof(path), ":%s", zone);
	setenv("TZ", path, 1); // without memory it stays as it is
#endif
}

CALL(localtime)
{
	struct args args = args_of(env, info, 2);
	struct tm parts;
	size_t count;
	time_t seconds = args_int64(&args, 0);
	int32_t *out = args_int32s(&args, 1, 7, &count);
	if (args.wrong)
		return answer(&args, 0);
	prefer_zone_file();
	if (!localtime_r(&seconds, &parts)) {
		errno = EOVERFLOW;
		return answer(&args, -1);
	}
	out[0] = parts.tm_year + 1900;
	out[1] = parts.tm_mon + 1;
	out[2] = parts.tm_mday;
	out[3] = parts.tm_hour;
	out[4] = parts.tm_min;
	out[5] = parts.tm_sec;
	out[6] = (int32_t)parts.tm_gmtoff;
	return answer(&args, 0);
}

// --- registration ---------------------------------------------------------------------------------------------

#define METHOD(name) {#name, NULL, call_##name, NULL, NULL, NULL, napi_enumerable, NULL}

// Only where there is one: ../node-loop/loop.c is not in the executable.
__attribute__((weak)) bool define_node_loop(napi_env env, napi_value exports);

NAPI_MODULE_INIT()
{
	static const napi_property_descriptor methods[] = {
		METHOD(open), METHOD(openat), METHOD(close), METHOD(read), METHOD(write), METHOD(fsync), METHOD(ftruncate),
		METHOD(fchmod), METHOD(fstat), METHOD(lstatat), METHOD(access), METHOD(rename), METHOD(renameat),
		METHOD(unlink), METHOD(unlinkat), METHOD(symlink), METHOD(mkfifo), METHOD(umask),
		METHOD(memfdCreate), METHOD(pipe2), METHOD(dup3), METHOD(fcntl), METHOD(ioctl), METHOD(eventfd), METHOD(socket),
		METHOD(bind), METHOD(connect), METHOD(listen), METHOD(accept4), METHOD(send), METHOD(sendto), METHOD(sendFdTo), METHOD(sendFd),
		METHOD(recv), METHOD(recvFd), METHOD(shutdown), METHOD(setsockopt), METHOD(spawn), METHOD(endInCommand), METHOD(getpid), METHOD(getpgid),
		METHOD(setsid), METHOD(prctl), METHOD(kill), METHOD(waitpid), METHOD(pidfdOpen), METHOD(pidfdSendSignal),
		METHOD(signalPipe), METHOD(ignoreSignal), METHOD(exit), METHOD(epollCreate), METHOD(epollCtl), METHOD(epollWait),
		METHOD(inotifyInit), METHOD(inotifyAddWatch), METHOD(clockGettime), METHOD(localtime), METHOD(getcwd), METHOD(getrandom),
		METHOD(fillLines), METHOD(sendmmsg), METHOD(madvise),
	};
	bool is_defined = napi_define_properties(env, exports, sizeof(methods) / sizeof(*methods), methods) == napi_ok;
	if (!is_defined || (define_node_loop && !define_node_loop(env, exports)))
		napi_throw_error(env, NULL, "sys: cannot define its methods");
	return exports;
}
