// What the build changes in QuickJS 2021-03-27: objects of the image are neither counted nor freed nor collected, and a
// failed allocation does no harm. Each change says how often it must be possible; a version in which it is not is refused.

import { type Change, changesOfBoth } from '../change.ts';

/** What has a count of its references: a variable, or members of it. */
const object = String.raw`(\w+(?:->\w+)*)`;

export const changes: readonly Change[] = [
  ...changesOfBoth,
  {
    why: 'What counts references, and where nobody counts.',
    file: 'quickjs.h',
    find: `typedef struct JSRefCountHeader {
    int ref_count;
} JSRefCountHeader;
`,
    times: 1,
    put: `typedef struct JSRefCountHeader {
    int ref_count;
} JSRefCountHeader;

#include "heap.h"
enum { image_garbage_bytes_max = 64 * 1024 };
static inline int image_refer(int *count) { return image_has(count) ? 1 << 30 : ++*count; }
static inline int image_unrefer(int *count) { return image_has(count) ? 1 << 30 : --*count; }
`,
  },
  {
    why: 'A reference more.',
    file: 'quickjs.h',
    find: 'p->ref_count++;',
    times: 2,
    put: 'image_refer(&p->ref_count);',
  },
  {
    why: 'A reference less.',
    file: 'quickjs.h',
    find: '--p->ref_count <= 0',
    times: 2,
    put: 'image_unrefer(&p->ref_count) <= 0',
  },
  {
    why: 'A reference more.',
    find: new RegExp(`${object}->header\\.ref_count\\+\\+`, 'g'),
    times: 14,
    put: 'image_refer(&$1->header.ref_count)',
  },
  {
    why: 'A reference less.',
    find: new RegExp(`--${object}->header\\.ref_count`, 'g'),
    times: 6,
    put: 'image_unrefer(&$1->header.ref_count)',
  },
  {
    why: 'A reference less.',
    find: 'str->header.ref_count--;',
    times: 1,
    put: 'image_unrefer(&str->header.ref_count);',
  },
  {
    why: 'The collector takes references away, to see what is left …',
    find: '    assert(p->ref_count > 0);\n    p->ref_count--;\n',
    times: 1,
    put: '    assert(p->ref_count > 0);\n    image_unrefer(&p->ref_count);\n',
  },
  {
    why: '… and gives them back.',
    find: '    p->ref_count++;\n',
    times: 2,
    put: '    image_refer(&p->ref_count);\n',
  },
  {
    why: 'A string that has a single owner is lengthened where it is.',
    find: 'if (p1->header.ref_count == 1 && ',
    times: 1,
    put: 'if (!image_has(p1) && p1->header.ref_count == 1 && ',
  },
  {
    why: 'A block of new pages is zero already: a large buffer of which little is used must not be written.',
    find: `    ptr = js_malloc_rt(rt, size);
    if (!ptr)
        return NULL;
    return memset(ptr, 0, size);
`,
    times: 1,
    put: `    if (rt->mf.js_malloc_usable_size != heap_usable) { /* not our heap's: the compiler's at the build */
        ptr = js_malloc_rt(rt, size);
        return ptr ? memset(ptr, 0, size) : NULL;
    }
    ptr = heap_calloc(size);
    if (!ptr)
        return NULL;
    rt->malloc_state.malloc_size += heap_usable(ptr);
    return ptr;
`,
  },
  {
    why: 'The same image from the same sources: what seeds Math.random is a constant.',
    find: '    ctx->random_state = ((int64_t)tv.tv_sec * 1000000) + tv.tv_usec;\n',
    times: 1,
    put: '    ctx->random_state = 1;\n',
  },
  {
    why: 'A shape in the image that only one object has cannot be made larger where it is.',
    find: '    assert(p->shape->header.ref_count == 1);\n    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))\n',
    times: 1,
    put: `    if (image_has(p->shape)) {
        JSShape *own_shape = js_clone_shape(ctx, p->shape);
        if (!own_shape)
            return NULL;
        p->shape = own_shape;
    }
    assert(p->shape->header.ref_count == 1);
    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))
`,
  },
  {
    why: 'Without memory for a trace, what is thrown takes the place of the error that is being traced, and is no object.',
    find: `    BOOL backtrace_barrier;
    
    js_dbuf_init(ctx, &dbuf);
    if (filename) {
`,
    times: 1,
    put: `    BOOL backtrace_barrier;

    if (!JS_IsObject(error_obj))
        return;
    JSValue held = JS_DupValue(ctx, error_obj);
    js_dbuf_init(ctx, &dbuf);
    if (filename) {
`,
  },
  {
    why: 'The end of what the change before this one begins.',
    find: `    dbuf_free(&dbuf);
    JS_DefinePropertyValue(ctx, error_obj, JS_ATOM_stack, str,
                           JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
}
`,
    times: 1,
    put: `    dbuf_free(&dbuf);
    JS_DefinePropertyValue(ctx, error_obj, JS_ATOM_stack, str,
                           JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
    JS_FreeValue(ctx, held);
}
`,
  },
];
