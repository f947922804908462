#include "args.h"

#include <string.h>

struct args args_of(napi_env env, napi_callback_info info, size_t count)
{
	struct args args = {.env = env};
	size_t given = args_max;
	if (napi_get_cb_info(env, info, &given, args.values, NULL, NULL) != napi_ok || given < count)
		args.wrong = true;
	return args;
}

int64_t args_int(struct args *args, size_t index)
{
	int64_t value = 0;
	if (args->wrong || napi_get_value_int64(args->env, args->values[index], &value) != napi_ok)
		args->wrong = true;
	return value;
}

bool args_bool(struct args *args, size_t index)
{
	bool value = false;
	if (args->wrong || napi_get_value_bool(args->env, args->values[index], &value) != napi_ok)
		args->wrong = true;
	return value;
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

void *args_bytes(struct args *args, size_t index, size_t least, size_t *length)
{
	napi_typedarray_type type;
	size_t elements = 0;
	void *data = NULL;
	if (args->wrong ||
	    napi_get_typedarray_info(args->env, args->values[index], &type, &elements, &data, NULL, NULL) != napi_ok) {
		args->wrong = true;
		return NULL;
	}
	size_t element_size = type == napi_float64_array ? 8 : type == napi_int32_array ? 4 : 1;
	*length = elements * element_size;
	if (*length < least)
		args->wrong = true;
	return data;
}

uint8_t *args_range(struct args *args, size_t index, size_t *length)
{
	size_t size = 0;
	uint8_t *data = args_bytes(args, index, 0, &size);
	int64_t offset = args_int(args, index + 1);
	int64_t wanted = args_int(args, index + 2);
	if (args->wrong || offset < 0 || wanted < 0 || (uint64_t)offset > size || (uint64_t)wanted > size - (uint64_t)offset) {
		args->wrong = true;
		return NULL;
	}
	*length = (size_t)wanted;
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
