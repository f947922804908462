// Arguments of a call from JavaScript, and its answer. Every N-API status is checked: a wrong argument is our own
// bug and throws a TypeError before any system call is made. A number is wrong unless it is an integer that the type of
// the call's argument holds: nothing is cut, wrapped or rounded. src/sys/scripted.ts refuses the same.
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
// Integers. They return 0 where `wrong` is set.
int args_int(struct args *args, size_t index);
uint8_t args_uint8(struct args *args, size_t index);
uint32_t args_uint32(struct args *args, size_t index);
size_t args_size(struct args *args, size_t index);
// As far as a number of JavaScript is exact: 53 bits and a sign.
int64_t args_int64(struct args *args, size_t index);
// The same of a value that is no argument by itself.
int int_of(struct args *args, napi_value value);
int64_t int64_of(struct args *args, napi_value value);
void args_path(struct args *args, size_t index, struct path *path);
// The elements of a typed array, at least `least` of them. NULL where `wrong` is set.
uint8_t *args_bytes(struct args *args, size_t index, size_t least, size_t *length);
int32_t *args_int32s(struct args *args, size_t index, size_t least, size_t *length);
double *args_doubles(struct args *args, size_t index, size_t least);
// The part of a Uint8Array that the arguments `index` to `index + 2` (array, offset, length) name.
uint8_t *args_range(struct args *args, size_t index, size_t *length);
// What JavaScript gets: the result, or -errno where it is -1.
napi_value answer(const struct args *args, int64_t result);

// Methods that have a file of their own.
napi_value call_spawn(napi_env env, napi_callback_info info);
napi_value call_endInCommand(napi_env env, napi_callback_info info);
napi_value call_fillLines(napi_env env, napi_callback_info info);

#endif
