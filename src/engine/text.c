#include "text.h"

#include "heap.h"
#include "napi.h"

#include <string.h>

static const uint8_t replacement[] = {0xef, 0xbf, 0xbd}; // U+FFFD
static JSValue uint8_array_constructor IN_IMAGE = {0};

// How many bytes at `at` belong together, and whether they are a character. Otherwise they are what a decoder replaces
// at once: the beginning of a character that does not go on, or one byte.
static size_t take_character(const uint8_t *at, const uint8_t *end, bool *is_valid)
{
	uint8_t lead = *at;
	*is_valid = lead < 0x80;
	if (lead < 0xc2 || lead > 0xf4)
		return 1;
	size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	// Four leads leave the second byte less room: characters have one encoding only, surrogates and what is above
	// U+10FFFF have none.
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	for (size_t i = 1; i < length; i++) {
		if (at + i == end || at[i] < low || at[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*is_valid = true;
	return length;
}

static JSValue new_uint8_array(JSContext *context, const uint8_t *bytes, size_t length)
{
	JSValue buffer = JS_NewArrayBufferCopy(context, bytes, length);
	if (JS_IsException(buffer))
		return buffer;
	JSValue array = JS_CallConstructor(context, uint8_array_constructor, 1, &buffer);
	JS_FreeValue(context, buffer);
	return array;
}

static JSValue utf8_bytes(JSContext *context, JSValueConst this_value, int count, JSValueConst *values)
{
	(void)this_value, (void)count;
	size_t length;
	const char *text = JS_ToCStringLen(context, &length, values[0]);
	if (!text)
		return JS_EXCEPTION;
	JSValue array = new_uint8_array(context, (const uint8_t *)text, length);
	JS_FreeCString(context, text);
	size_t element;
	uint8_t *bytes = JS_IsException(array) ? NULL : bytes_of_array(context, array, &length, &element);
	// The engine encodes a lone surrogate as if it were a character, in as many bytes as U+FFFD has.
	for (size_t at = 0; bytes && at + 2 < length; at++)
		if (bytes[at] == 0xed && bytes[at + 1] > 0x9f)
			memcpy(bytes + at, replacement, sizeof(replacement));
	return array;
}

static JSValue utf8_text(JSContext *context, JSValueConst this_value, int count, JSValueConst *values)
{
	(void)this_value, (void)count;
	size_t length, element, made = 0;
	const uint8_t *bytes = bytes_of_array(context, values[0], &length, &element);
	if (!bytes)
		return JS_ThrowTypeError(context, "utf8Text: no bytes");
	// Only valid UTF-8 goes to the engine.
	uint8_t *text = heap_malloc(length * sizeof(replacement) + 1);
	if (!text)
		return JS_ThrowOutOfMemory(context);
	for (size_t at = 0; at < length;) {
		bool is_valid;
		size_t taken = take_character(bytes + at, bytes + length, &is_valid);
		const uint8_t *from = is_valid ? bytes + at : replacement;
		size_t put = is_valid ? taken : sizeof(replacement);
		memcpy(text + made, from, put);
		made += put;
		at += taken;
	}
	JSValue string = JS_NewStringLen(context, (const char *)text, made);
	heap_free(text);
	return string;
}

static JSValue utf8_valid_length(JSContext *context, JSValueConst this_value, int count, JSValueConst *values)
{
	(void)this_value, (void)count;
	size_t length, element, at = 0;
	const uint8_t *bytes = bytes_of_array(context, values[0], &length, &element);
	if (!bytes)
		return JS_ThrowTypeError(context, "utf8ValidLength: no bytes");
	while (at < length) {
		bool is_valid;
		size_t taken = take_character(bytes + at, bytes + length, &is_valid);
		if (!is_valid)
			break;
		at += taken;
	}
	return JS_NewInt64(context, (int64_t)at);
}

JSValue make_text_calls(JSContext *context, JSValueConst uint8_array)
{
	static const struct {
		const char *name;
		JSCFunction *function;
	} calls[] = {{"utf8Bytes", utf8_bytes}, {"utf8Text", utf8_text}, {"utf8ValidLength", utf8_valid_length}};
	uint8_array_constructor = JS_DupValue(context, uint8_array);
	JSValue object = JS_NewObject(context);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (JS_SetPropertyStr(context, object, calls[i].name, JS_NewCFunction(context, calls[i].function, calls[i].name, 1)) < 0)
			return JS_EXCEPTION;
	return object;
}
