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

// --- settling -------------------------------------------------------------------------------------------------

enum {
	uncounted = 1 << 30, // no comparison takes such an object for one that has a single owner
	spare_names = 256,
};

// Functions of the library are made when they are first looked up.
static int make_lazy_properties(JSContext *context)
{
	struct list_head *link;
	list_for_each(link, &context->rt->gc_obj_list) {
		JSGCObjectHeader *header = list_entry(link, JSGCObjectHeader, link);
		if (JS_GC_TYPE(header) != JS_GC_OBJ_TYPE_JS_OBJECT)
			continue;
		JSObject *object = (JSObject *)header;
		for (int i = 0; i < object->shape->prop_count; i++) {
			JSShapeProperty *shape = &get_shape_prop(object->shape)[i];
			JSProperty *property = &object->prop[i];
			// A function's `prototype` is made for who calls it with `new`: nobody does.
			if (shape->atom == JS_ATOM_NULL || (shape->flags & JS_PROP_TMASK) != JS_PROP_AUTOINIT ||
			    js_autoinit_get_id(property) != JS_AUTOINIT_ID_PROP)
				continue;
			if (JS_AutoInitProperty(context, object, shape->atom, property, shape) < 0)
				return -1;
		}
	}
	return 0;
}

// The tables of names are in the image: with room to spare, a new name at run time need not move them into the heap.
static int make_room_for_names(JSRuntime *runtime)
{
	uint32_t old_size = (uint32_t)runtime->atom_size, new_size = old_size + spare_names;
	JSAtomStruct **names = js_realloc_rt(runtime, runtime->atom_array, sizeof(*names) * new_size);
	if (!names)
		return -1;
	for (uint32_t i = old_size; i < new_size; i++)
		names[i] = atom_set_free(i + 1 < new_size ? i + 1 : (uint32_t)runtime->atom_free_index);
	runtime->atom_array = names;
	runtime->atom_size = (int)new_size;
	runtime->atom_free_index = (int)old_size;
	return runtime->atom_count + spare_names < runtime->atom_count_resize ? 0
		: JS_ResizeAtomHash(runtime, runtime->atom_hash_size * 2);
}

static JSRuntime *settled_runtime;

// Each block begins with the engine's header, but for that of the runtime.
static void leave_uncounted(void *block)
{
	if (block == settled_runtime)
		return;
	((JSMallocBlockHeader *)block)->ref_count = uncounted;
}

int engine_settle(JSContext *context)
{
	JSRuntime *runtime = context->rt;
	if (make_lazy_properties(context) < 0 || make_room_for_names(runtime) < 0)
		return -1;
	JS_RunGC(runtime);
	struct list_head *link, *next;
	list_for_each_safe(link, next, &runtime->gc_obj_list)
		init_list_head(link);
	init_list_head(&runtime->gc_obj_list);
	settled_runtime = runtime;
	image_for_each(leave_uncounted);
	runtime->malloc_gc_threshold = runtime->malloc_state.malloc_size + image_garbage_bytes_max;
	runtime->stack_top = 0;
	runtime->stack_limit = 0;
	return 0;
}
