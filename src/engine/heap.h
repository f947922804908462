// Memory of the engine. What is allocated while the image is made lies in the image, a section of the executable, and
// is never given back. What is allocated later lies in the heap, which grows by regions of pages, gives whole pages
// back, and ends where the system says so.
#ifndef CONMON_HEAP_H
#define CONMON_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *heap_malloc(size_t bytes);
// Zeroed.
void *heap_calloc(size_t bytes);
// As realloc(3), with `bytes` above 0: on failure the block stays as it is.
void *heap_realloc(void *block, size_t bytes);
void heap_free(void *block);
// How many bytes the block has room for.
size_t heap_usable(const void *block);

// For variables that are in the image too.
#define IN_IMAGE __attribute__((section("conmon_image")))

struct image_state {
	uintptr_t start;   // where the sealed image begins ...
	size_t bytes;      // ... and its length: 0 until it is sealed
	size_t used;       // bytes of the arena that have been handed out
};
extern struct image_state image_state;

// Whether `p` lies in the sealed image: such an object is never freed, and nobody counts who refers to it.
static inline bool image_has(const void *p)
{
	return (uintptr_t)p - image_state.start < image_state.bytes;
}

// Calls `visit` for each block of the image that is in use.
void image_for_each(void (*visit)(void *block));
// From here on blocks come from the heap. Unused memory of the image is zeroed: it may hold addresses of the stack,
// which differ from one build to the next.
void image_seal(void);
// Gives all memory of the engine back, and with it what was written to the image.
void heap_forget(void);

#endif
