// conmon, as its caller starts it. What must happen before an engine runs happens here, and nothing else: note the
// inherited fds, wait on the start pipe (the caller moves this process to a cgroup first), fork, and execute the
// monitor in an environment that cannot change its engine. The parent waits for the monitor's verdict and ends
// with it; with --sync there is no parent, the monitor takes this process's place.

#define _GNU_SOURCE
#include "options.h" // made by scripts/options-header.ts from src/options/table.ts

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static _Noreturn void die(const char *format, ...)
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

// Every fd from 3 up that the caller left open, as `,3,4`. An engine opens fds of its own, so they can't be told apart
// later.
static char *list_inherited_fds(void)
{
	DIR *directory = opendir("/proc/self/fd");
	if (!directory)
		die("Failed to list the inherited fds");
	struct text list;
	begin_text(&list);
	for (struct dirent *entry; (entry = readdir(directory));) {
		int fd = atoi(entry->d_name); // 0 for . and ..
		if (fd >= 3 && fd != dirfd(directory))
			fprintf(list.stream, ",%d", fd);
	}
	closedir(directory);
	return finish_text(&list);
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
	char go[16];
	ssize_t got;
	do
		got = read((int)fd, go, sizeof(go));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		die("start-pipe read failed");
}

// What of the options matters before there is an engine.
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

// An engine does not start in a directory that was deleted, and paths on the command line would mean nothing there.
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

// --- the monitor's environment --------------------------------------------------------------------------------

// Beginnings of the names that the engines and the libraries in them read, some in any case of letters. What acts
// on any C program (LD_*, TZ, the locale) is not among them.
static const char *const engine_names[] = {
	"BUN_",     "NODE_",   "UV_",      "JSC_",     "V8_",   "JavaScriptCore", "WTF_",       "WebKit",     "Malloc",
	"MIMALLOC", "GIGACAGE", "__XPC_", "SIMDUTF_", "SIMDJSON_", "ICU_",          "OPENSSL_", "SSL_CERT_", "WATCH_REPORT_",
	"_CONMON_",
};

static bool acts_on_engine(const char *variable)
{
	for (size_t i = 0; i < sizeof(engine_names) / sizeof(*engine_names); i++)
		if (strncasecmp(variable, engine_names[i], strlen(engine_names[i])) == 0)
			return true;
	return false;
}

// No name that anybody looks for begins with a byte above 127, and a caller's that does is left alone.
static const char hidden_bit = (char)0x80;

// Changes the first byte of each of the caller's variables that would act on the engine; so it keeps its place and its
// length. The monitor changes it back for the runtime (src/parent/handoff.ts). Answers their numbers, as `0,7`.
static char *hide_engine_variables(void)
{
	struct text list;
	begin_text(&list);
	const char *separator = "";
	for (size_t i = 0; environ[i]; i++) {
		if (!acts_on_engine(environ[i]))
			continue;
		environ[i][0] ^= hidden_bit;
		fprintf(list.stream, "%s%zu", separator, i);
		separator = ",";
	}
	return finish_text(&list);
}

static long long open_files_max(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("Failed to read the limit of open files");
	return limit.rlim_cur == RLIM_INFINITY ? -1 : (long long)limit.rlim_cur;
}

// What the monitor must know of this process: the verdict's fd (-1: no verdict is waited for), the limit of open files
// (-1: none), which engines raise, the inherited fds, and after a semicolon the hidden variables.
static char *handoff(int verdict_fd, const char *inherited_fds)
{
	char *text;
	if (asprintf(&text, "_CONMON_HANDOFF=%d,%lld%s;%s", verdict_fd, open_files_max(), inherited_fds, hide_engine_variables()) < 0)
		die("Failed to make the environment");
	return text;
}

// The caller's variables, then the launcher's own.
static char **monitor_environment(char *handoff_variable)
{
	size_t count = 0;
	while (environ[count])
		count++;
	char **variables = calloc(count + 1 + sizeof(engine_settings) / sizeof(*engine_settings), sizeof(*variables));
	if (!variables)
		die("Failed to make the environment");
	memcpy(variables, environ, count * sizeof(*variables));
	variables[count++] = handoff_variable;
	memcpy(variables + count, engine_settings, sizeof(engine_settings));
	return variables;
}

// --- the monitor ----------------------------------------------------------------------------------------------

static _Noreturn void execute_monitor(char **argv, char **variables)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("libexec/conmon"));
	if (length < 0)
		die("Failed to find own executable");
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, "libexec/conmon");
#ifdef ENGINE_ARGUMENTS // the Node form: libexec/conmon is the engine alone
	static const char *const engine_arguments[] = {ENGINE_ARGUMENTS};
	size_t engine_count = sizeof(engine_arguments) / sizeof(*engine_arguments), count = 0;
	while (argv[count])
		count++;
	const char **all = calloc(engine_count + count + 2, sizeof(*all));
	if (!all)
		die("Failed to make the arguments");
	all[0] = argv[0];
	memcpy(all + 1, engine_arguments, sizeof(engine_arguments));
	memcpy(all + 1 + engine_count, argv + 1, count * sizeof(*all));
	argv = (char **)all;
#endif
	execve(path, argv, variables);
	die("Failed to start the monitor %s", path);
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
		return EXIT_SUCCESS;
	int status;
	while (waitpid(monitor, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	if (WIFEXITED(status))
		return WEXITSTATUS(status); // it has said why
	fprintf(stderr, "conmon: The monitor was ended by signal %d before it was ready\n", WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	// Alone it needs no engine, and Podman up to 4.3 asks at each of its commands.
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return fputs(version_text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;

	const char *inherited_fds = list_inherited_fds();
	struct request request = read_request(argv);
	need_working_directory(request.only_asks);
	if (!request.only_asks)
		wait_for_start();
	if (request.sync || request.only_asks)
		execute_monitor(argv, monitor_environment(handoff(-1, inherited_fds)));

	int verdict[2];
	if (pipe2(verdict, O_CLOEXEC) < 0)
		die("Failed to make a pipe");
	pid_t monitor = fork();
	if (monitor < 0)
		die("Failed to fork the monitor");
	if (monitor > 0) {
		close(verdict[1]);
		return await_verdict(monitor, verdict[0]);
	}
	close(verdict[0]);
	fcntl(verdict[1], F_SETFD, 0);
	execute_monitor(argv, monitor_environment(handoff(verdict[1], inherited_fds)));
}
