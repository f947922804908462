// The addon of src/sys/native in the executable's engine.
#ifndef CONMON_NAPI_H
#define CONMON_NAPI_H

#include "engine.h"

#include <stdint.h>

// An object with the addon's functions, or an exception.
JSValue load_addon(JSContext *context);

// Where the bytes of a typed array are, how many, and an element's size. NULL, with no exception pending, for what is
// no typed array.
uint8_t *bytes_of_array(JSContext *context, JSValueConst array, size_t *bytes, size_t *element);

#endif
