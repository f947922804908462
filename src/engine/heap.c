#include "heap.h"

#include "blocks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef HEAP_FAULTS
#include <fcntl.h>
#include <unistd.h>
#endif
#ifdef HEAP_OF_LIBC // for AddressSanitizer, which watches the C library's
#include <malloc.h>
#define blocks_take malloc
#define blocks_take_zeroed(bytes) calloc(1, bytes)
#define blocks_usable(block) malloc_usable_size((void *)(uintptr_t)(block))
#define blocks_give_back free
#define blocks_forget() ((void)0) // it is all in use to the end
#endif

// --- the image ------------------------------------------------------------------------------------------------

// A block of the image: its size in bytes, a multiple of 8, then the bytes. The lowest bit says that it is free.
struct image_block {
	size_t size;
	char bytes[];
};

enum {
	image_lists_count = 128, // free blocks up to 1 KiB, by size; larger ones are not used again
};

struct image_state image_state IN_IMAGE = {0};
static char image_arena[IMAGE_BYTES] IN_IMAGE __attribute__((aligned(4096))) = {0};
static struct image_block *image_lists[image_lists_count];

static bool is_sealed(void)
{
	return image_state.bytes != 0;
}

static struct image_block *image_block_of(const void *bytes)
{
	return (struct image_block *)((char *)(uintptr_t)bytes - offsetof(struct image_block, bytes));
}

static size_t image_usable(const void *block)
{
	return image_block_of(block)->size & ~(size_t)7;
}

static void *image_malloc(size_t bytes)
{
	size_t size = (bytes + 7) & ~(size_t)7;
	struct image_block **list = &image_lists[size / 8 < image_lists_count ? size / 8 : 0];
	struct image_block *block = *list;
	if (block && list != image_lists) {
		memcpy(list, block->bytes, sizeof(*list));
		block->size = size;
		return block->bytes;
	}
	if (size + sizeof(*block) > IMAGE_BYTES - image_state.used)
		return NULL; // the build asks for the size first
	block = (struct image_block *)(image_arena + image_state.used);
	image_state.used += size + sizeof(*block);
	block->size = size;
	return block->bytes;
}

static void image_free(void *block)
{
	struct image_block *freed = image_block_of(block);
	size_t size = freed->size;
	memset(freed->bytes, 0, size);
	freed->size = size | 1;
	if (size == 0 || size / 8 >= image_lists_count)
		return;
	memcpy(freed->bytes, &image_lists[size / 8], sizeof(void *));
	image_lists[size / 8] = freed;
}

void image_for_each(void (*visit)(void *block))
{
	for (size_t at = 0; at < image_state.used;) {
		struct image_block *block = (struct image_block *)(image_arena + at);
		if (!(block->size & 1))
			visit(block->bytes);
		at += sizeof(*block) + (block->size & ~(size_t)7);
	}
}

void image_seal(void)
{
	for (size_t at = 0; at < image_state.used;) {
		struct image_block *block = (struct image_block *)(image_arena + at);
		size_t size = block->size & ~(size_t)7;
		if (block->size & 1)
			memset(block->bytes, 0, size);
		at += sizeof(*block) + size;
	}
	memset(image_lists, 0, sizeof(image_lists));
	image_state.start = (uintptr_t)image_arena;
	image_state.bytes = IMAGE_BYTES;
}

// --- blocks of either -----------------------------------------------------------------------------------------

#ifdef HEAP_FAULTS
// CONMON_FAIL_ALLOCATION=N:FILE has the N-th allocation of the heap fail; =N+:FILE has the system give the heap no more
// from there on. The file is made when that begins.
static bool must_fail(void)
{
	static long left;
	static bool goes_on;
	static const char *file;
	if (!file) {
		const char *value = getenv("CONMON_FAIL_ALLOCATION");
		char *end = "";
		left = value ? strtol(value, &end, 10) : 0;
		goes_on = *end == '+';
		file = *end == '\0' ? end : end + 1 + goes_on;
	}
	if (left == 0 || --left > 0)
		return false;
	blocks_system_is_out = goes_on;
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return !goes_on;
}
#else
static bool must_fail(void)
{
	return false;
}
#endif

void *heap_malloc(size_t bytes)
{
	if (!is_sealed())
		return image_malloc(bytes);
	return must_fail() ? NULL : blocks_take(bytes);
}

void *heap_calloc(size_t bytes)
{
	if (is_sealed())
		return must_fail() ? NULL : blocks_take_zeroed(bytes);
	void *block = image_malloc(bytes);
	if (block)
		memset(block, 0, bytes);
	return block;
}

size_t heap_usable(const void *block)
{
	return !is_sealed() || image_has(block) ? image_usable(block) : blocks_usable(block);
}

void heap_free(void *block)
{
	if (!block || image_has(block))
		return;
	if (is_sealed())
		blocks_give_back(block);
	else
		image_free(block);
}

void *heap_realloc(void *block, size_t bytes)
{
	if (!block)
		return heap_malloc(bytes);
	size_t usable = heap_usable(block);
	if (bytes <= usable && bytes > usable / 2)
		return block;
	void *moved = heap_malloc(bytes);
	if (!moved)
		return bytes <= usable ? block : NULL;
	memcpy(moved, block, usable < bytes ? usable : bytes);
	heap_free(block);
	return moved;
}

void heap_forget(void)
{
	madvise(image_arena, IMAGE_BYTES, MADV_DONTNEED); // it is read from the file again, should anybody look
	blocks_forget();
}
