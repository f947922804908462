// What the executable wants of an engine beyond quickjs.h, which the two kinds of QuickJS do differently. Each has it
// in a folder of its own: quickjs-ng/, quickjs-2021/.
#ifndef CONMON_ENGINE_H
#define CONMON_ENGINE_H

#include <quickjs.h>

#include <stdint.h>

// A runtime whose memory is that of heap.h.
JSRuntime *engine_new_runtime(void);
// A context that compiles modules. It cannot compile regular expressions: a literal of one fails the build.
JSContext *engine_new_compiling_context(JSRuntime *runtime);
// A context that runs what was compiled, with no more of the language's library than the monitor uses: no eval, no
// RegExp, no JSON, no Date, no Proxy.
JSContext *engine_new_running_context(JSRuntime *runtime);
// A compiled module as bytes, without its source; js_free() takes them back. NULL with an exception pending.
uint8_t *engine_write_module(JSContext *context, size_t *bytes, JSValueConst module);
// Runs a module to the end of its top level. Returns 0, or -1 with an exception pending.
int engine_run_module(JSContext *context, JSValue module);
// Which kind of array a value is: one of the language, or of numbers of one type.
enum engine_array {
	engine_no_array,
	engine_list,
	engine_uint8_array,
	engine_int32_array,
	engine_float64_array,
	engine_other_array,
};
enum engine_array engine_array_of(JSValueConst value);
// Makes what would be made later, on first use, and takes everything out of the collector's sight. After that
// image_seal() may be called. Returns 0 or -1.
int engine_settle(JSContext *context);

#endif
