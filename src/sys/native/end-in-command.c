// A process that has nothing more to do than to wait and to run one command, without the memory of an engine. See
// Sys.endInCommand.

#define _GNU_SOURCE
#include "spawn.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

// Of the executable (src/engine/image.h). An addon cannot take Node.js away.
__attribute__((weak)) _Noreturn void image_leave(void (*then)(void *), void *context);

enum { not_started_status = 1, unknown_status = 255, ms_per_s = 1000, ns_per_ms = 1000000, ns_per_s = 1000000000 };

static struct {
	struct plan plan;
	struct timespec until;
	uint8_t status;
	char *complaint;
} end;

static void close_all_but_stdio(void)
{
#ifdef SYS_close_range
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0); // where it is not there they are closed in the end
#endif
}

// Those that the monitor had handlers for, which write to a pipe that is closed now. With SIGCHLD ignored the kernel takes
// children that end.
static void ignore_signals(void)
{
	static const int numbers[] = {SIGTERM, SIGQUIT, SIGINT, SIGCHLD};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		signal(numbers[i], SIG_IGN);
}

static void reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

// As readWaitStatus of src/exit/exit-status.ts.
static int exit_status_of(pid_t pid)
{
	int status;
	pid_t got;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	if (got == pid && WIFEXITED(status))
		return WEXITSTATUS(status);
	return got == pid && WIFSIGNALED(status) ? 128 + WTERMSIG(status) : unknown_status;
}

static void wait_and_run(void *unused)
{
	(void)unused;
	ignore_signals();
	close_all_but_stdio();
	reap(); // those that have ended before
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end.until, NULL) == EINTR)
		;
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
	signal(SIGCHLD, SIG_DFL); // the command's end is to be seen
	int pid = start_process(&end.plan);
	if (pid < 0 && *end.complaint) {
		openlog("conmon", 0, LOG_USER);
		syslog(LOG_INFO, "%s: %s", end.complaint, strerror(-pid));
	}
	int status = pid < 0 ? not_started_status : exit_status_of(pid);
	reap();
	_exit(status != 0 ? status : end.status);
}

napi_value call_endInCommand(napi_env env, napi_callback_info info)
{
	struct args args = args_of(env, info, 4);
	read_plan(&args, args.values[0], &end.plan);
	uint64_t ms = args_size(&args, 1);
	end.status = args_uint8(&args, 2);
	end.complaint = string_of(&args, args.values[3]);
	int64_t result = -ENOSYS;
	if (!args.wrong && image_leave) {
		clock_gettime(CLOCK_MONOTONIC, &end.until);
		end.until.tv_sec += (time_t)(ms / ms_per_s);
		end.until.tv_nsec += (long)(ms % ms_per_s * ns_per_ms);
		if (end.until.tv_nsec >= ns_per_s) {
			end.until.tv_sec++;
			end.until.tv_nsec -= ns_per_s;
		}
		image_leave(wait_and_run, NULL);
	}
	free_plan(&end.plan);
	free(end.complaint);
	return answer(&args, result);
}
