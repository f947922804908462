// Arguments of a call from JavaScript, and its answer. Every N-API status is checked: a wrong argument is our own
// bug and throws a TypeError before any system call is made.
#ifndef CONMON_ARGS_H
#define CONMON_ARGS_H

#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { args_max = 7, path_size = 4096 };

struct args {
	napi_env env;
	napi_value values[args_max];
	bool wrong;         // an argument did not have the type that was asked for
	bool out_of_memory; // or could not be copied; `wrong` is set too
};

// A file name as the kernel takes it. One that is too long, or has a NUL in it, has `error` set instead.
struct path {
	char bytes[path_size];
	size_t length;
	int error;
};

struct args args_of(napi_env env, napi_callback_info info, size_t count);
int64_t args_int(struct args *args, size_t index);
bool args_bool(struct args *args, size_t index);
void args_path(struct args *args, size_t index, struct path *path);
// The bytes of a typed array, at least `least` of them.
void *args_bytes(struct args *args, size_t index, size_t least, size_t *length);
// The part of a Uint8Array that the arguments `index` to `index + 2` (array, offset, length) name.
uint8_t *args_range(struct args *args, size_t index, size_t *length);
// What JavaScript gets: the result, or -errno where it is -1.
napi_value answer(const struct args *args, int64_t result);

// Methods that have a file of their own.
napi_value call_spawn(napi_env env, napi_callback_info info);
napi_value call_fillLines(napi_env env, napi_callback_info info);

#endif
