// The part of Node-API that the addon (src/sys/native) uses, over the executable's engine: see ../napi.c. The Node form
// is compiled with Node's own header of this name.
#ifndef CONMON_NODE_API_H
#define CONMON_NODE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct napi_env_of_engine *napi_env;
typedef struct napi_value_of_engine *napi_value;
typedef struct napi_call_of_engine *napi_callback_info;

typedef enum { napi_ok, napi_invalid_arg, napi_generic_failure } napi_status;
typedef enum { napi_undefined, napi_null, napi_boolean, napi_number, napi_string, napi_symbol, napi_object } napi_valuetype;
typedef enum { napi_uint8_array, napi_int32_array, napi_float64_array, napi_other_array } napi_typedarray_type;
typedef enum { napi_default = 0, napi_enumerable = 2 } napi_property_attributes;

typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);

typedef struct {
	const char *utf8name;
	napi_value name;
	napi_callback method, getter, setter;
	napi_value value;
	napi_property_attributes attributes;
	void *data;
} napi_property_descriptor;

#define NAPI_MODULE_INIT() napi_value init_addon(napi_env env, napi_value exports)

napi_status napi_get_cb_info(napi_env env, napi_callback_info info, size_t *count, napi_value *values, napi_value *this_value, void **data);
napi_status napi_get_value_double(napi_env env, napi_value value, double *result);
napi_status napi_get_value_bool(napi_env env, napi_value value, bool *result);
napi_status napi_get_value_string_utf8(napi_env env, napi_value value, char *buffer, size_t size, size_t *length);
napi_status napi_get_typedarray_info(napi_env env, napi_value value, napi_typedarray_type *type, size_t *length, void **data,
				     napi_value *buffer, size_t *offset);
napi_status napi_get_array_length(napi_env env, napi_value array, uint32_t *length);
napi_status napi_get_element(napi_env env, napi_value array, uint32_t index, napi_value *result);
napi_status napi_get_named_property(napi_env env, napi_value object, const char *name, napi_value *result);
napi_status napi_typeof(napi_env env, napi_value value, napi_valuetype *type);
napi_status napi_create_int64(napi_env env, int64_t number, napi_value *result);
napi_status napi_throw_error(napi_env env, const char *code, const char *message);
napi_status napi_throw_type_error(napi_env env, const char *code, const char *message);
napi_status napi_define_properties(napi_env env, napi_value object, size_t count, const napi_property_descriptor *properties);

#endif
