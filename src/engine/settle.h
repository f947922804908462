// What both kinds of QuickJS have in common of engine_settle(): see engine.h. It is compiled as a part of the engine's
// own quickjs.c, whose insides it looks at, behind a definition of gc_type_of().

#include "heap.h"

enum {
	uncounted = 1 << 30, // no comparison takes such an object for one that has a single owner
	spare_names = 256,
	spare_shapes = 64,
};

// Functions of the library are made when they are first looked up.
static int make_lazy_properties(JSContext *context)
{
	struct list_head *link;
	list_for_each(link, &context->rt->gc_obj_list) {
		JSGCObjectHeader *header = list_entry(link, JSGCObjectHeader, link);
		if (gc_type_of(header) != JS_GC_OBJ_TYPE_JS_OBJECT)
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

// So is the table of shapes: to make it larger would link each shape of the image anew, and write to all their pages.
static int make_room_for_shapes(JSRuntime *runtime)
{
	while (2 * (runtime->shape_hash_count + spare_shapes) > runtime->shape_hash_size)
		if (resize_shape_hash(runtime, runtime->shape_hash_bits + 1) < 0)
			return -1;
	return 0;
}

// The collector goes through its list: from here on only what is made later is in it. Each link of the image is left
// pointing at itself, so that taking it out of a list once more changes nothing else.
static void hide_from_collector(JSRuntime *runtime)
{
	struct list_head *link, *next;
	list_for_each_safe(link, next, &runtime->gc_obj_list)
		init_list_head(link);
	init_list_head(&runtime->gc_obj_list);
	runtime->malloc_gc_threshold = runtime->malloc_state.malloc_size + image_garbage_bytes_max;
}
