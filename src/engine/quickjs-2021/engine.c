// QuickJS of 2021: what ../engine.h asks for. The build appends this to the engine's quickjs.c, whose insides it needs,
// after the changes of ./changes.ts.

#include "engine.h"
#include "heap.h"

// This engine leaves the counting of bytes, by which it decides when to collect, to who gives them.
static void *heap_malloc_of_engine(JSMallocState *state, size_t bytes)
{
	void *block = heap_malloc(bytes);
	if (block)
		state->malloc_size += heap_usable(block);
	return block;
}

static void heap_free_of_engine(JSMallocState *state, void *block)
{
	if (!block || image_has(block))
		return;
	state->malloc_size -= heap_usable(block);
	heap_free(block);
}

static void *heap_realloc_of_engine(JSMallocState *state, void *block, size_t bytes)
{
	if (bytes == 0) {
		heap_free_of_engine(state, block);
		return NULL;
	}
	size_t before = block && !image_has(block) ? heap_usable(block) : 0;
	void *moved = heap_realloc(block, bytes);
	if (moved && !image_has(moved))
		state->malloc_size += heap_usable(moved) - before;
	return moved;
}

JSRuntime *engine_new_runtime(void)
{
	static const JSMallocFunctions functions = {
		heap_malloc_of_engine, heap_free_of_engine, heap_realloc_of_engine, heap_usable,
	};
	return JS_NewRuntime2(&functions, NULL);
}

static JSContext *new_context(JSRuntime *runtime)
{
	JSContext *context = JS_NewContextRaw(runtime);
	if (context)
		JS_AddIntrinsicBaseObjects(context);
	return context;
}

JSContext *engine_new_compiling_context(JSRuntime *runtime)
{
	JSContext *context = new_context(runtime);
	if (context)
		JS_AddIntrinsicEval(context);
	return context;
}

JSContext *engine_new_running_context(JSRuntime *runtime)
{
	JSContext *context = new_context(runtime);
	if (!context)
		return NULL;
	JS_AddIntrinsicMapSet(context);
	JS_AddIntrinsicTypedArrays(context);
	return context;
}

uint8_t *engine_write_module(JSContext *context, size_t *bytes, JSValueConst module)
{
	return JS_WriteObject(context, bytes, module, JS_WRITE_OBJ_BYTECODE);
}

int engine_run_module(JSContext *context, JSValue module)
{
	JSValue answer = JS_EvalFunction(context, module);
	JS_FreeValue(context, answer);
	return JS_IsException(answer) ? -1 : 0;
}

enum engine_array engine_array_of(JSValueConst value)
{
	switch (JS_IsObject(value) ? JS_VALUE_GET_OBJ(value)->class_id : JS_CLASS_OBJECT) {
	case JS_CLASS_ARRAY:
		return engine_list;
	case JS_CLASS_UINT8_ARRAY:
		return engine_uint8_array;
	case JS_CLASS_INT32_ARRAY:
		return engine_int32_array;
	case JS_CLASS_FLOAT64_ARRAY:
		return engine_float64_array;
	case JS_CLASS_UINT8C_ARRAY:
	case JS_CLASS_INT8_ARRAY:
	case JS_CLASS_INT16_ARRAY:
	case JS_CLASS_UINT16_ARRAY:
	case JS_CLASS_UINT32_ARRAY:
	case JS_CLASS_FLOAT32_ARRAY:
		return engine_other_array;
	default:
		return engine_no_array;
	}
}

// --- settling -------------------------------------------------------------------------------------------------

static JSGCObjectTypeEnum gc_type_of(const JSGCObjectHeader *header)
{
	return header->gc_obj_type;
}

#include "settle.h"

// Objects, shapes, functions and captured variables. Strings and names are not in the collector's list: where the engine
// looks at a string's count, the changes ask for the image first.
static void leave_objects_uncounted(JSRuntime *runtime)
{
	struct list_head *link;
	list_for_each(link, &runtime->gc_obj_list)
		list_entry(link, JSGCObjectHeader, link)->ref_count = uncounted;
}

// A class with private methods gets a mark for its objects when the first is made: on the object that its methods are
// of, which would be written, and its shape copied, at every start.
static int add_brands(JSContext *context)
{
	struct list_head *link;
	list_for_each(link, &context->rt->gc_obj_list) {
		JSObject *function = (JSObject *)list_entry(link, JSGCObjectHeader, link);
		if (gc_type_of(&function->header) != JS_GC_OBJ_TYPE_JS_OBJECT || function->class_id != JS_CLASS_BYTECODE_FUNCTION)
			continue;
		JSObject *home = function->u.func.home_object;
		JSProperty *property;
		if (!home || find_own_property(&property, home, JS_ATOM_Private_brand))
			continue;
		JSValue brand = JS_NewSymbolFromAtom(context, JS_ATOM_brand, JS_ATOM_TYPE_PRIVATE);
		if (JS_IsException(brand))
			return -1;
		property = add_property(context, home, JS_ATOM_Private_brand, JS_PROP_C_W_E);
		if (!property) {
			JS_FreeValue(context, brand);
			return -1;
		}
		property->u.value = brand;
	}
	return 0;
}

int engine_settle(JSContext *context)
{
	JSRuntime *runtime = context->rt;
	if (make_lazy_properties(context) < 0 || add_brands(context) < 0 || make_room_for_names(runtime) < 0 ||
	    make_room_for_shapes(runtime) < 0)
		return -1;
	JS_RunGC(runtime);
	leave_objects_uncounted(runtime);
	hide_from_collector(runtime);
	runtime->stack_top = 0; // addresses of this process
	return 0;
}
