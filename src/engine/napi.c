// The Node-API calls that the addon makes, over the engine. A napi_value is the address of an engine's value: an
// argument of the call, or one that the call has made, which is let go of when the call returns. A call that has
// thrown answers NULL.

#include "napi.h"

#include "heap.h"

#include <node_api.h>
#include <string.h>

enum { values_per_block = 32, methods_max = 80 };

struct value_block {
	struct value_block *next;
	size_t used;
	JSValue values[values_per_block];
};

struct napi_env_of_engine {
	JSContext *context;
	JSValue undefined; // an argument that was not given
	struct value_block *last;
	struct value_block first;
};

struct napi_call_of_engine {
	size_t count;
	JSValueConst *values;
};

static struct napi_env_of_engine env_of_engine;
// The functions of the addon, by their number in the engine. Filled when the image is made, and part of it.
static napi_callback methods[methods_max] IN_IMAGE = {0};

static JSValue *value_at(napi_value value)
{
	return (JSValue *)value;
}

// Takes the value over. NULL, with the value let go of, where there is no memory for it.
static napi_value keep(napi_env env, JSValue value)
{
	if (env->last->used == values_per_block) {
		struct value_block *block = heap_malloc(sizeof(*block));
		if (!block) {
			JS_FreeValue(env->context, value);
			return NULL;
		}
		block->next = env->last;
		block->used = 0;
		env->last = block;
	}
	JSValue *slot = &env->last->values[env->last->used++];
	*slot = value;
	return (napi_value)slot;
}

static void let_go(napi_env env)
{
	for (;;) {
		struct value_block *block = env->last;
		for (size_t i = 0; i < block->used; i++)
			JS_FreeValue(env->context, block->values[i]);
		block->used = 0;
		if (block == &env->first)
			return;
		env->last = block->next;
		heap_free(block);
	}
}

static napi_env enter(JSContext *context)
{
	napi_env env = &env_of_engine;
	env->context = context;
	env->undefined = JS_UNDEFINED;
	env->last = &env->first;
	return env;
}

static JSValue call(JSContext *context, JSValueConst this_value, int count, JSValueConst *values, int number)
{
	(void)this_value;
	napi_env env = enter(context);
	struct napi_call_of_engine info = {(size_t)count, values};
	napi_value result = methods[number](env, &info);
	JSValue answer = result ? JS_DupValue(context, *value_at(result)) : JS_EXCEPTION;
	let_go(env);
	return answer;
}

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count, napi_value *values, napi_value *this_value, void **data)
{
	(void)this_value, (void)data;
	for (size_t i = 0; i < *count; i++)
		values[i] = (napi_value)(i < info->count ? &info->values[i] : &env->undefined);
	*count = info->count;
	return napi_ok;
}

napi_status napi_get_value_double(napi_env env, napi_value value, double *result)
{
	JSValueConst number = *value_at(value);
	if (!JS_IsNumber(number))
		return napi_invalid_arg;
	return JS_ToFloat64(env->context, result, number) == 0 ? napi_ok : napi_generic_failure;
}

napi_status napi_get_value_bool(napi_env env, napi_value value, bool *result)
{
	if (!JS_IsBool(*value_at(value)))
		return napi_invalid_arg;
	*result = JS_ToBool(env->context, *value_at(value)) == 1;
	return napi_ok;
}

// As Node-API has it: without a buffer the length alone, else what fits, ended by a NUL.
napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char *buffer, size_t size, size_t *length)
{
	if (!JS_IsString(*value_at(value)))
		return napi_invalid_arg;
	size_t bytes;
	const char *text = JS_ToCStringLen(env->context, &bytes, *value_at(value));
	if (!text)
		return napi_generic_failure;
	if (buffer && size > 0) {
		if (bytes > size - 1)
			bytes = size - 1;
		memcpy(buffer, text, bytes);
		buffer[bytes] = '\0';
	}
	if (length)
		*length = bytes;
	JS_FreeCString(env->context, text);
	return napi_ok;
}

napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type *type, size_t *length, void **data,
				     napi_value *buffer, size_t *offset)
{
	(void)buffer, (void)offset;
	static const napi_typedarray_type types[] = {
		[engine_uint8_array] = napi_uint8_array,
		[engine_int32_array] = napi_int32_array,
		[engine_float64_array] = napi_float64_array,
		[engine_other_array] = napi_other_array,
	};
	enum engine_array kind = engine_array_of(*value_at(value));
	size_t bytes, element;
	uint8_t *start = kind <= engine_list ? NULL : bytes_of_array(env->context, *value_at(value), &bytes, &element);
	if (!start)
		return napi_invalid_arg;
	*type = types[kind];
	*length = bytes / element;
	*data = start;
	return napi_ok;
}

uint8_t *bytes_of_array(JSContext *context, JSValueConst array, size_t *bytes, size_t *element)
{
	static uint8_t nothing[8];
	size_t offset, size;
	JSValue buffer = JS_IsObject(array) ? JS_GetTypedArrayBuffer(context, array, &offset, bytes, element) : JS_EXCEPTION;
	if (JS_IsException(buffer)) {
		JS_FreeValue(context, JS_GetException(context)); // the caller says what is wrong
		return NULL;
	}
	uint8_t *start = JS_GetArrayBuffer(context, &size, buffer);
	JS_FreeValue(context, buffer); // the array has it still
	if (start)
		return start + offset;
	JS_FreeValue(context, JS_GetException(context));
	return size == 0 ? nothing : NULL; // an empty buffer may have no memory
}

static napi_status kept(napi_env env, JSValue value, napi_value *result)
{
	if (JS_IsException(value))
		return napi_generic_failure;
	*result = keep(env, value);
	return *result ? napi_ok : napi_generic_failure;
}

napi_status napi_get_array_length(napi_env env, napi_value array, uint32_t *length)
{
	if (engine_array_of(*value_at(array)) != engine_list)
		return napi_invalid_arg;
	JSValue value = JS_GetPropertyStr(env->context, *value_at(array), "length");
	int64_t number = -1;
	if (!JS_IsNumber(value) || JS_ToInt64(env->context, &number, value) != 0 || number < 0 || number > UINT32_MAX) {
		JS_FreeValue(env->context, value);
		return napi_invalid_arg;
	}
	*length = (uint32_t)number;
	return napi_ok;
}

napi_status napi_get_element(napi_env env, napi_value array, uint32_t index, napi_value *result)
{
	return kept(env, JS_GetPropertyUint32(env->context, *value_at(array), index), result);
}

napi_status napi_get_named_property(napi_env env, napi_value object, const char *name, napi_value *result)
{
	return kept(env, JS_GetPropertyStr(env->context, *value_at(object), name), result);
}

napi_status napi_typeof(napi_env env, napi_value value, napi_valuetype *type)
{
	(void)env;
	JSValueConst asked = *value_at(value);
	*type = JS_IsUndefined(asked) ? napi_undefined
	      : JS_IsNull(asked)      ? napi_null
	      : JS_IsBool(asked)      ? napi_boolean
	      : JS_IsNumber(asked)    ? napi_number
	      : JS_IsString(asked)    ? napi_string
	      : JS_IsSymbol(asked)    ? napi_symbol
				      : napi_object;
	return napi_ok;
}

napi_status napi_create_int64(napi_env env, int64_t number, napi_value *result)
{
	return kept(env, JS_NewInt64(env->context, number), result);
}

napi_status napi_throw_error(napi_env env, const char *code, const char *message)
{
	(void)code;
	JS_ThrowInternalError(env->context, "%s", message);
	return napi_ok;
}

napi_status napi_throw_type_error(napi_env env, const char *code, const char *message)
{
	(void)code;
	JS_ThrowTypeError(env->context, "%s", message);
	return napi_ok;
}

// Once: the functions are numbered in the order in which they come.
napi_status napi_define_properties(napi_env env, napi_value object, size_t count, const napi_property_descriptor *properties)
{
	if (count > methods_max)
		return napi_generic_failure;
	for (size_t i = 0; i < count; i++) {
		methods[i] = properties[i].method;
		JSValue function = JS_NewCFunctionMagic(env->context, call, properties[i].utf8name, 0, JS_CFUNC_generic_magic, (int)i);
		if (JS_IsException(function) || JS_SetPropertyStr(env->context, *value_at(object), properties[i].utf8name, function) < 0)
			return napi_generic_failure;
	}
	return napi_ok;
}

napi_value init_addon(napi_env env, napi_value exports);

JSValue load_addon(JSContext *context)
{
	napi_env env = enter(context);
	JSValue exports = JS_NewObject(context);
	if (!JS_IsException(exports) && init_addon(env, (napi_value)&exports))
		return exports;
	JS_FreeValue(context, exports);
	return JS_EXCEPTION;
}
