// Starting a process. The child shares our memory until it executes (as with posix_spawn), so nothing between
// clone and execve may be anything but async-signal-safe. A step that fails sends its errno through a pipe that
// execve closes.

#define _GNU_SOURCE
#include "spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { stack_size = 64 * 1024, listen_pid_digits = 10 };

// --- in the child ---------------------------------------------------------------------------------------------

// For what never returns on a stack of ours: AddressSanitizer knows of no such stack, nor that it is given back.
#define UNCHECKED __attribute__((no_sanitize_address))

UNCHECKED static _Noreturn void fail(const struct plan *plan)
{
	int error = errno;
	ssize_t ignored = write(plan->error_pipe, &error, sizeof(error));
	(void)ignored;
	_exit(127);
}

// Not by the C library, which refuses to change the signals that it has for itself: a caller may have ignored them.
static void reset_signals(void)
{
	// Zeroes, and more of them than the kernel's structure has on any architecture.
	static const uint64_t by_default[8];
	// The call is refused for SIGKILL and SIGSTOP, which nobody can have changed.
	for (int number = 1; number < _NSIG; number++)
		syscall(SYS_rt_sigaction, number, by_default, NULL, (_NSIG - 1) / 8);
}

static bool is_moved(const struct fd_move *move)
{
	return move->from != move->to;
}

// First every fd that moves to a number above all targets, then down to its place: so the moves cannot overwrite each
// other. Those that stay are only kept open; they may be above the limit for new ones.
UNCHECKED static void place_fds(struct plan *plan)
{
	int above = 0;
	for (uint32_t i = 0; i < plan->moves_count; i++)
		if (is_moved(&plan->moves[i]) && plan->moves[i].to > above)
			above = plan->moves[i].to;
	int first = above < INT_MAX ? above + 1 : above;
	int error_pipe = fcntl(plan->error_pipe, F_DUPFD_CLOEXEC, first);
	if (error_pipe < 0)
		fail(plan);
	plan->error_pipe = error_pipe;
	for (uint32_t i = 0; i < plan->moves_count; i++) {
		struct fd_move *move = &plan->moves[i];
		if (is_moved(move) && (move->from = fcntl(move->from, F_DUPFD_CLOEXEC, first)) < 0)
			fail(plan);
	}
	for (uint32_t i = 0; i < plan->moves_count; i++) {
		const struct fd_move *move = &plan->moves[i];
		if ((is_moved(move) ? dup3(move->from, move->to, 0) : fcntl(move->to, F_SETFD, 0)) < 0)
			fail(plan);
	}
}

static void limit_open_files(int64_t soft)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = soft < 0 ? RLIM_INFINITY : (rlim_t)soft;
	setrlimit(RLIMIT_NOFILE, &limit); // it cannot be refused: it is no higher than it was
}

static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; // advisory: without the privilege the child keeps ours
	ssize_t ignored = write(fd, score, strlen(score));
	(void)ignored;
	close(fd);
}

static void write_digits(char *to, pid_t number)
{
	char digits[listen_pid_digits];
	int count = 0;
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*to++ = digits[--count];
}

UNCHECKED static int child(void *context)
{
	struct plan *plan = context;
	reset_signals();
	if (plan->parent_death_signal != 0) {
		if (prctl(PR_SET_PDEATHSIG, plan->parent_death_signal) < 0)
			fail(plan);
		if (getppid() != plan->parent)
			_exit(127); // we were gone before the call
	}
	if (plan->oom_score_adj)
		set_oom_score(plan->oom_score_adj);
	if (plan->listen_pid)
		write_digits(plan->listen_pid, getpid());
	place_fds(plan);
	if (plan->limits_open_files)
		limit_open_files(plan->open_files_max); // last: it may be below what the moves need
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(plan->file, plan->argv, plan->envp);
	fail(plan);
}

// --- in the monitor -------------------------------------------------------------------------------------------

// There from the start: a container's end is no time to be refused one. Its pages are used while a process is started.
static char stack[stack_size] __attribute__((aligned(4096)));

int start_process(struct plan *plan)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	plan->error_pipe = pipe_fds[1];
	plan->parent = getpid();

	// No handler of ours may run in the child while it shares our memory.
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = clone(child, stack + stack_size, CLONE_VM | CLONE_VFORK | SIGCHLD, plan);
	int error = pid < 0 ? errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	madvise(stack, stack_size, MADV_DONTNEED);
	close(pipe_fds[1]);

	int child_error = 0;
	if (pid > 0) {
		ssize_t got;
		do
			got = read(pipe_fds[0], &child_error, sizeof(child_error));
		while (got < 0 && errno == EINTR);
		if (got == (ssize_t)sizeof(child_error)) {
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
			error = child_error;
		}
	}
	close(pipe_fds[0]);
	return error ? -error : pid;
}

void free_plan(struct plan *plan)
{
	free(plan->file);
	if (plan->argv)
		for (char **arg = plan->argv; *arg; arg++)
			free(*arg);
	free(plan->argv);
	free(plan->environ_block);
	free(plan->envp);
	free(plan->moves);
	free(plan->oom_score_adj);
}

// --- from JavaScript ------------------------------------------------------------------------------------------

static napi_value property(struct args *args, napi_value object, const char *name)
{
	napi_valuetype type;
	napi_value value = NULL;
	if (args->wrong || napi_typeof(args->env, object, &type) != napi_ok || type != napi_object ||
	    napi_get_named_property(args->env, object, name, &value) != napi_ok)
		args->wrong = true;
	return value;
}

static bool is_undefined(struct args *args, napi_value value)
{
	napi_valuetype type = napi_undefined;
	if (args->wrong || napi_typeof(args->env, value, &type) != napi_ok)
		args->wrong = true;
	return type == napi_undefined;
}

// Zeroed memory for `count` things of `size` bytes.
static void *room_for(struct args *args, size_t count, size_t size)
{
	void *room = args->wrong ? NULL : calloc(count, size);
	if (!room && !args->wrong)
		args->wrong = args->out_of_memory = true;
	return room;
}

char *string_of(struct args *args, napi_value value)
{
	size_t length = 0;
	if (args->wrong || napi_get_value_string_utf8(args->env, value, NULL, 0, &length) != napi_ok) {
		args->wrong = true;
		return NULL;
	}
	char *text = room_for(args, length + 1, 1);
	if (text && (napi_get_value_string_utf8(args->env, value, text, length + 1, &length) != napi_ok || strlen(text) != length))
		args->wrong = true; // a NUL would end it before its end
	return text;
}

static int int_property(struct args *args, napi_value object, const char *name)
{
	return int_of(args, property(args, object, name));
}

static uint32_t length_of(struct args *args, napi_value array)
{
	uint32_t length = 0;
	if (args->wrong || napi_get_array_length(args->env, array, &length) != napi_ok)
		args->wrong = true;
	return length;
}

static napi_value element(struct args *args, napi_value array, uint32_t index)
{
	napi_value value = NULL;
	if (args->wrong || napi_get_element(args->env, array, index, &value) != napi_ok)
		args->wrong = true;
	return value;
}

static void read_argv(struct args *args, napi_value array, struct plan *plan)
{
	uint32_t count = length_of(args, array);
	plan->argv = room_for(args, (size_t)count + 1, sizeof(*plan->argv));
	for (uint32_t i = 0; i < count && !args->wrong; i++)
		plan->argv[i] = string_of(args, element(args, array, i));
}

static void read_environ(struct args *args, napi_value array, bool with_listen_pid, struct plan *plan)
{
	napi_typedarray_type type;
	size_t length = 0, count = 0;
	void *data = NULL;
	if (args->wrong || napi_get_typedarray_info(args->env, array, &type, &length, &data, NULL, NULL) != napi_ok ||
	    type != napi_uint8_array || (with_listen_pid && length < listen_pid_digits + 1)) {
		args->wrong = true;
		return;
	}
	size_t text_length = with_listen_pid ? length - listen_pid_digits : length;
	for (size_t i = 0; i < text_length; i++)
		count += ((char *)data)[i] == '\0';
	plan->environ_block = room_for(args, length + 1, 1);
	plan->envp = room_for(args, count + 2, sizeof(*plan->envp));
	if (args->wrong)
		return;
	if (length > 0)
		memcpy(plan->environ_block, data, length);
	plan->environ_block[length] = '\0';
	size_t entry = 0;
	for (char *at = plan->environ_block; at < plan->environ_block + text_length; at += strlen(at) + 1)
		plan->envp[entry++] = at;
	if (with_listen_pid)
		plan->listen_pid = plan->environ_block + text_length;
}

static void read_fds(struct args *args, napi_value array, struct plan *plan)
{
	plan->moves_count = length_of(args, array);
	plan->moves = room_for(args, (size_t)plan->moves_count + 1, sizeof(*plan->moves));
	for (uint32_t i = 0; i < plan->moves_count && !args->wrong; i++) {
		napi_value move = element(args, array, i);
		plan->moves[i].from = int_property(args, move, "from");
		plan->moves[i].to = int_property(args, move, "to");
	}
}

void read_plan(struct args *args, napi_value from, struct plan *plan)
{
	*plan = (struct plan){0};
	plan->file = string_of(args, property(args, from, "file"));
	read_argv(args, property(args, from, "argv"), plan);
	napi_value listen_pid = property(args, from, "listenPid");
	bool with_listen_pid = false;
	if (!is_undefined(args, listen_pid) && napi_get_value_bool(args->env, listen_pid, &with_listen_pid) != napi_ok)
		args->wrong = true;
	read_environ(args, property(args, from, "environ"), with_listen_pid, plan);
	read_fds(args, property(args, from, "fds"), plan);
	plan->parent_death_signal = int_property(args, from, "parentDeathSignal");
	napi_value score = property(args, from, "oomScoreAdj");
	if (!is_undefined(args, score))
		plan->oom_score_adj = string_of(args, score);
	napi_value open_files_max = property(args, from, "openFilesMax");
	plan->limits_open_files = !is_undefined(args, open_files_max);
	if (plan->limits_open_files)
		plan->open_files_max = int64_of(args, open_files_max);
}

napi_value call_spawn(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 1);
	struct plan plan;
	read_plan(&args, args.values[0], &plan);
	int64_t result = args.wrong ? -EINVAL : start_process(&plan);
	free_plan(&plan);
	if (result == -1)
		errno = EPERM; // which is what -1 means here; answer() takes -1 for a failed call, whose errno it reads
	return answer(&args, result);
}
