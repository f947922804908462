// A process to start: SpawnPlan of src/sys/sys.ts, copied from JavaScript.
#ifndef CONMON_SPAWN_H
#define CONMON_SPAWN_H

#include "args.h"

#include <sys/types.h>

struct fd_move {
	int from, to;
};

struct plan {
	char *file;
	char **argv;
	char *environ_block;
	char **envp;
	struct fd_move *moves;
	uint32_t moves_count;
	int parent_death_signal;
	char *oom_score_adj;
	bool limits_open_files;
	int64_t open_files_max; // soft RLIMIT_NOFILE; below 0 for none
	char *listen_pid; // where the digits go, in environ_block
	pid_t parent;
	int error_pipe;
};

// Where it cannot be read, `args` says so. What has been read is for free_plan() in any case.
void read_plan(struct args *args, napi_value from, struct plan *plan);
void free_plan(struct plan *plan);
// Returns the pid, or -errno.
int start_process(struct plan *plan);
// The text, to be freed. NULL where `args` says that there is none.
char *string_of(struct args *args, napi_value value);

#endif
