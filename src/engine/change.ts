// A change that the build makes in an engine's source.

export interface Change {
  readonly why: string;
  /** The file of the engine, quickjs.c when not given. */
  readonly file?: string;
  /** What is replaced: a text, or a global regular expression. */
  readonly find: string | RegExp;
  /** How often it stands in the file; any other number fails the build. */
  readonly times: number;
  /** What is put in its place, with `$1` for the expression's groups. */
  readonly put: string;
}

/** What both kinds of QuickJS have in the same words. */
export const changesOfBoth: readonly Change[] = [
  {
    why: 'How much garbage may gather depends neither on the size of the image nor on a buffer that has gone.',
    find: `        rt->malloc_gc_threshold = rt->malloc_state.malloc_size +
            (rt->malloc_state.malloc_size >> 1);
    }
`,
    times: 1,
    put: `        rt->malloc_gc_threshold = rt->malloc_state.malloc_size + image_garbage_bytes_max;
    } else if (image_state.bytes != 0 &&
               rt->malloc_gc_threshold > rt->malloc_state.malloc_size + image_garbage_bytes_max) {
        /* what was large has gone, and leaves no room for garbage */
        rt->malloc_gc_threshold = rt->malloc_state.malloc_size + image_garbage_bytes_max;
    }
`,
  },
  {
    why: 'An allocation that fails may collect: the shape must be in the list by then. See docs/decisions/engine-cves.md.',
    find: `        sh_alloc = js_realloc(ctx, get_alloc_from_shape(sh),
                              get_shape_size(new_hash_size, new_size));
        if (unlikely(!sh_alloc)) {
            /* insert again in the GC list */
            list_add_tail(&sh->header.link, &ctx->rt->gc_obj_list);
            return -1;
`,
    times: 1,
    put: `        sh_alloc = js_realloc_rt(ctx->rt, get_alloc_from_shape(sh),
                                 get_shape_size(new_hash_size, new_size));
        if (unlikely(!sh_alloc)) {
            /* insert again in the GC list */
            list_add_tail(&sh->header.link, &ctx->rt->gc_obj_list);
            JS_ThrowOutOfMemory(ctx);
            return -1;
`,
  },
];
