// What the build changes in QuickJS-NG's quickjs.c: objects of the image are neither counted nor freed nor collected, and
// a failed allocation does no harm. Each change says how often it must be possible; a version in which it is not is
// refused.

import { type Change, changesOfBoth } from '../change.ts';

/** An lvalue of the engine's: a variable, or members of it. */
const object = String.raw`JS_REF_COUNT\((\w+(?:->\w+)*)\)`;

export const changes: readonly Change[] = [
  ...changesOfBoth,
  {
    why: 'What counts references, and where nobody counts.',
    find: '#define JS_REF_COUNT(p) (js_rc(p)->ref_count)\n',
    times: 1,
    put: `#define JS_REF_COUNT(p) (js_rc(p)->ref_count)
static inline int image_refer(const void *p) { return image_has(p) ? 1 << 30 : ++js_rc(p)->ref_count; }
static inline int image_unrefer(const void *p) { return image_has(p) ? 1 << 30 : --js_rc(p)->ref_count; }
`,
  },
  { why: 'A reference more.', find: new RegExp(`${object}\\+\\+`, 'g'), times: 19, put: 'image_refer($1)' },
  { why: 'A reference less.', find: new RegExp(`--${object}`, 'g'), times: 7, put: 'image_unrefer($1)' },
  { why: 'A reference less.', find: new RegExp(`${object}--`, 'g'), times: 2, put: 'image_unrefer($1)' },
  {
    why: 'The image is declared before all that asks for it.',
    find: '#include "quickjs.h"\n',
    times: 1,
    put: '#include "quickjs.h"\n#include "heap.h"\nenum { image_garbage_bytes_max = 64 * 1024 };\n',
  },
  {
    why: 'Memory of the image is not given back.',
    find: `void js_free_rt(JSRuntime *rt, void *ptr)
{
    JSMallocState *s;

    if (!ptr)
        return;
`,
    times: 1,
    put: `void js_free_rt(JSRuntime *rt, void *ptr)
{
    JSMallocState *s;

    if (!ptr || image_has(ptr))
        return;
`,
  },
  {
    why: 'The heap has slabs of its own; a second layer would only spread what is used over more pages.',
    find: '#define JS_ARENA_LARGE_BLOCKS_ONLY 0\n',
    times: 1,
    put: '#define JS_ARENA_LARGE_BLOCKS_ONLY 1\n',
  },
  {
    why: 'The same image from the same sources: what seeds Math.random and the hashes of maps is a constant.',
    find: '    ctx->random_state = js__gettimeofday_us();\n',
    times: 1,
    put: '    ctx->random_state = 1;\n',
  },
  {
    why: 'A shape in the image that only one object has cannot be made larger where it is.',
    find: '    assert(JS_REF_COUNT(p->shape) == 1);\n    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))\n',
    times: 1,
    put: `    if (image_has(p->shape)) {
        JSShape *own_shape = js_clone_shape(ctx, p->shape);
        if (!own_shape)
            return NULL;
        p->shape = own_shape;
    }
    assert(JS_REF_COUNT(p->shape) == 1);
    if (add_shape_property(ctx, &p->shape, p, prop, prop_flags))
`,
  },
];
