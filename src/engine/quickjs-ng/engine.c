// QuickJS-NG: what ../engine.h asks for. The build appends this to the engine's quickjs.c, whose insides it needs, after
// the changes of ./changes.ts.

#include "engine.h"
#include "heap.h"

static void *heap_calloc_of_engine(void *opaque, size_t count, size_t size)
{
	(void)opaque;
	return count != 0 && size > SIZE_MAX / count ? NULL : heap_calloc(count * size);
}

static void *heap_malloc_of_engine(void *opaque, size_t bytes)
{
	(void)opaque;
	return heap_malloc(bytes);
}

static void heap_free_of_engine(void *opaque, void *block)
{
	(void)opaque;
	heap_free(block);
}

static void *heap_realloc_of_engine(void *opaque, void *block, size_t bytes)
{
	(void)opaque;
	return heap_realloc(block, bytes);
}

JSRuntime *engine_new_runtime(void)
{
	static const JSMallocFunctions functions = {
		heap_calloc_of_engine, heap_malloc_of_engine, heap_free_of_engine, heap_realloc_of_engine, heap_usable,
	};
	return JS_NewRuntime2(&functions, NULL);
}

static JSContext *new_context(JSRuntime *runtime)
{
	JSContext *context = JS_NewContextRaw(runtime);
	if (context && JS_AddIntrinsicBaseObjects(context) < 0) {
		JS_FreeContext(context);
		return NULL;
	}
	return context;
}

JSContext *engine_new_compiling_context(JSRuntime *runtime)
{
	JSContext *context = new_context(runtime);
	return context && JS_AddIntrinsicEval(context) == 0 ? context : NULL;
}

// Promise: the engine runs every module by one, at the build.
JSContext *engine_new_running_context(JSRuntime *runtime)
{
	JSContext *context = new_context(runtime);
	if (context && JS_AddIntrinsicMapSet(context) == 0 && JS_AddIntrinsicTypedArrays(context) == 0 &&
	    JS_AddIntrinsicPromise(context) == 0)
		return context;
	return NULL;
}

uint8_t *engine_write_module(JSContext *context, size_t *bytes, JSValueConst module)
{
	return JS_WriteObject(context, bytes, module, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
}

int engine_run_module(JSContext *context, JSValue module)
{
	JSValue promise = JS_EvalFunction(context, module);
	if (JS_IsException(promise))
		return -1;
	int answer = 0;
	if (JS_PromiseState(context, promise) != JS_PROMISE_FULFILLED) {
		JS_Throw(context, JS_PromiseResult(context, promise));
		answer = -1;
	}
	JS_FreeValue(context, promise);
	return answer;
}

enum engine_array engine_array_of(JSValueConst value)
{
	switch (JS_GetTypedArrayType(value)) {
	case -1:
		return JS_IsArray(value) ? engine_list : engine_no_array;
	case JS_TYPED_ARRAY_UINT8:
		return engine_uint8_array;
	case JS_TYPED_ARRAY_INT32:
		return engine_int32_array;
	case JS_TYPED_ARRAY_FLOAT64:
		return engine_float64_array;
	default:
		return engine_other_array;
	}
}

// --- settling -------------------------------------------------------------------------------------------------

static JSGCObjectTypeEnum gc_type_of(const JSGCObjectHeader *header)
{
	return JS_GC_TYPE(header);
}

#include "settle.h"

static JSRuntime *settled_runtime;

// Each block begins with the engine's header, but for that of the runtime.
static void leave_uncounted(void *block)
{
	if (block != settled_runtime)
		((JSMallocBlockHeader *)block)->ref_count = uncounted;
}

int engine_settle(JSContext *context)
{
	JSRuntime *runtime = context->rt;
	if (make_lazy_properties(context) < 0 || make_room_for_names(runtime) < 0 ||
	    make_room_for_shapes(runtime) < 0)
		return -1;
	JS_RunGC(runtime);
	hide_from_collector(runtime);
	settled_runtime = runtime;
	image_for_each(leave_uncounted);
	runtime->stack_top = 0; // addresses of this process
	runtime->stack_limit = 0;
	return 0;
}
