#include "args.h"

#include <limits.h>
#include <string.h>

struct args args_of(napi_env env, napi_callback_info info, size_t count)
{
	struct args args = {.env = env};
	size_t given = args_max;
	if (napi_get_cb_info(env, info, &given, args.values, NULL, NULL) != napi_ok || given < count)
		args.wrong = true;
	return args;
}

// NaN is in no range; -0 is 0.
static int64_t integer_of(struct args *args, napi_value value, int64_t least, int64_t most)
{
	double number = 0;
	if (args->wrong || napi_get_value_double(args->env, value, &number) != napi_ok || !(number >= (double)least) ||
	    !(number <= (double)most) || number != (double)(int64_t)number) {
		args->wrong = true;
		return 0;
	}
	return (int64_t)number;
}

enum { exact_bits = 53 };
static const int64_t exact_max = (INT64_C(1) << exact_bits) - 1;

int int_of(struct args *args, napi_value value)
{
	return (int)integer_of(args, value, INT_MIN, INT_MAX);
}

int64_t int64_of(struct args *args, napi_value value)
{
	return integer_of(args, value, -exact_max, exact_max);
}

int args_int(struct args *args, size_t index)
{
	return int_of(args, args->values[index]);
}

uint8_t args_uint8(struct args *args, size_t index)
{
	return (uint8_t)integer_of(args, args->values[index], 0, UINT8_MAX);
}

uint32_t args_uint32(struct args *args, size_t index)
{
	return (uint32_t)integer_of(args, args->values[index], 0, UINT32_MAX);
}

size_t args_size(struct args *args, size_t index)
{
	return (size_t)integer_of(args, args->values[index], 0, exact_max);
}

int64_t args_int64(struct args *args, size_t index)
{
	return int64_of(args, args->values[index]);
}

void args_path(struct args *args, size_t index, struct path *path)
{
	path->error = 0;
	path->length = 0;
	path->bytes[0] = '\0';
	if (args->wrong ||
	    napi_get_value_string_utf8(args->env, args->values[index], path->bytes, sizeof(path->bytes), &path->length) != napi_ok) {
		args->wrong = true;
		return;
	}
	// N-API cuts what does not fit; a name that fills the buffer has perhaps been cut.
	if (path->length >= sizeof(path->bytes) - 4)
		path->error = ENAMETOOLONG;
	else if (path->length > 0 && memchr(path->bytes + 1, '\0', path->length - 1))
		path->error = EINVAL;
}

static void *elements(struct args *args, size_t index, napi_typedarray_type wanted, size_t least, size_t *length)
{
	napi_typedarray_type type;
	void *data = NULL;
	if (args->wrong ||
	    napi_get_typedarray_info(args->env, args->values[index], &type, length, &data, NULL, NULL) != napi_ok ||
	    type != wanted || *length < least) {
		args->wrong = true;
		return NULL;
	}
	return data;
}

uint8_t *args_bytes(struct args *args, size_t index, size_t least, size_t *length)
{
	return elements(args, index, napi_uint8_array, least, length);
}

int32_t *args_int32s(struct args *args, size_t index, size_t least, size_t *length)
{
	return elements(args, index, napi_int32_array, least, length);
}

double *args_doubles(struct args *args, size_t index, size_t least)
{
	size_t length;
	return elements(args, index, napi_float64_array, least, &length);
}

uint8_t *args_range(struct args *args, size_t index, size_t *length)
{
	size_t size = 0;
	uint8_t *data = args_bytes(args, index, 0, &size);
	size_t offset = args_size(args, index + 1);
	size_t wanted = args_size(args, index + 2);
	if (args->wrong || offset > size || wanted > size - offset) {
		args->wrong = true;
		return NULL;
	}
	*length = wanted;
	return data + offset;
}

napi_value answer(const struct args *args, int64_t result)
{
	int error = errno;
	napi_value value = NULL;
	if (args->wrong) {
		if (args->out_of_memory)
			napi_throw_error(args->env, NULL, "sys: out of memory");
		else
			napi_throw_type_error(args->env, NULL, "sys: wrong argument");
		return NULL;
	}
	if (napi_create_int64(args->env, result == -1 ? -error : result, &value) != napi_ok)
		napi_throw_error(args->env, NULL, "sys: no value for the answer");
	return value;
}
