#define _GNU_SOURCE
#include "blocks.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

// --- regions and granules -------------------------------------------------------------------------------------

// A region is 256 granules of 1 KiB. Each block lies behind a header at the beginning of a granule, which is found by
// the block's address: a slab is one granule of equal small blocks, a span is one block of some granules. What is
// larger is mapped by itself, in the same form.
enum {
	page_bytes = 4096,
	granule_bytes = 1024,
	region_granules = 256,
	region_bytes = region_granules * granule_bytes,
	granules_per_page = page_bytes / granule_bytes,
	region_pages = region_granules / granules_per_page,
	reserve_granules = 64,              // of the first region: for the last acts, when the system has no more
	mapped_bytes_min = 32 * 1024,
	free_pages_max = 16,                // pages that are kept for what comes next, in all regions together
};

enum kind { kind_slab = 1, kind_span, kind_mapped };

struct granule {
	uint8_t kind;
	uint8_t class;            // slab: index in small_sizes
	uint16_t used;            // slab: blocks in use
	uint16_t first_free;      // slab: offset of a free block from here, 0 for none
	uint16_t fresh;           // slab: offset of the part that was never used
	union {
		struct {
			struct granule *next, *previous; // slab: those of the class with room
		};
		size_t size;              // span, mapped: bytes in all
	};
};

enum { span_header_bytes = 16, slab_header_bytes = sizeof(struct granule) };

// A block that is mapped by itself begins as a granule does.
struct mapped {
	uint8_t kind;
	size_t size;
	struct mapped *next, *previous;
};
_Static_assert(offsetof(struct mapped, size) == offsetof(struct granule, size), "both are looked at as granules");

static const uint16_t small_sizes[] = {
	16,  24,  32,  40,  48,  56,  64,  72,  80,  88,  96,  104, 112,
	120, 128, 144, 160, 176, 192, 208, 224, 248, 328, 496,
};
enum { classes = sizeof(small_sizes) / sizeof(*small_sizes), small_bytes_max = 496 };

struct region {
	struct region *next;
	uint64_t used[region_granules / 64];
	uint64_t touched; // a bit for each page that may be resident
	uint16_t free_pages; // touched, and without a granule in use
};
_Static_assert(region_pages == 64, "one bit a page");
_Static_assert(sizeof(struct region) <= granule_bytes, "a region's state is its first granule");

static char first_region[region_bytes] __attribute__((aligned(region_bytes)));
static struct region *regions;
static struct mapped *all_mapped;
static struct granule *slabs_with_room[classes];
static bool reserve_is_open;
static unsigned free_pages; // of all regions

static bool is_used(const struct region *region, unsigned granule)
{
	return region->used[granule / 64] >> granule % 64 & 1;
}

static struct region *add_region(char *memory)
{
	struct region *region = (struct region *)memory;
	region->next = NULL;
	region->used[0] = 1; // this
	region->touched = 1;
	struct region **last = &regions;
	while (*last)
		last = &(*last)->next;
	*last = region;
	return region;
}

bool blocks_system_is_out;

static char *map(size_t bytes)
{
	if (blocks_system_is_out)
		return NULL;
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static struct region *map_region(void)
{
	char *memory = map(2 * (size_t)region_bytes);
	if (!memory)
		return NULL;
	char *aligned = (char *)(((uintptr_t)memory + region_bytes - 1) & ~(uintptr_t)(region_bytes - 1));
	if (aligned > memory)
		munmap(memory, (size_t)(aligned - memory));
	char *end = memory + 2 * (size_t)region_bytes;
	if (end > aligned + region_bytes)
		munmap(aligned + region_bytes, (size_t)(end - aligned) - region_bytes);
	return add_region(aligned);
}

static uint64_t page_granules(const struct region *region, unsigned page)
{
	unsigned granule = page * granules_per_page;
	return region->used[granule / 64] >> granule % 64 & ((1u << granules_per_page) - 1);
}

// The first run of `count` free granules: the lowest, so that pages at the end come free.
static struct granule *take_granules_of(struct region *region, unsigned count)
{
	unsigned end = region_granules;
	if ((char *)region == first_region && !reserve_is_open)
		end -= reserve_granules;
	unsigned run = 0;
	for (unsigned granule = 1; granule < end; granule++) {
		if (granule % 64 == 0 && region->used[granule / 64] == ~(uint64_t)0) {
			granule += 63;
			run = 0;
			continue;
		}
		run = is_used(region, granule) ? 0 : run + 1;
		if (run < count)
			continue;
		unsigned first = granule + 1 - count;
		for (unsigned i = first; i <= granule; i++) {
			unsigned page = i / granules_per_page;
			if (region->touched >> page & 1 && page_granules(region, page) == 0) {
				region->free_pages--;
				free_pages--;
			}
			region->touched |= (uint64_t)1 << page;
			region->used[i / 64] |= (uint64_t)1 << i % 64;
		}
		return (struct granule *)((char *)region + (size_t)first * granule_bytes);
	}
	return NULL;
}

static struct granule *take_granules(unsigned count)
{
	if (!regions)
		add_region(first_region);
	for (struct region *region = regions; region; region = region->next) {
		struct granule *found = take_granules_of(region, count);
		if (found)
			return found;
	}
	struct region *region = map_region();
	if (!region && !reserve_is_open) {
		reserve_is_open = true;
		region = regions;
	}
	return region ? take_granules_of(region, count) : NULL;
}

static void give_pages_back(struct region *region)
{
	for (unsigned page = 0; page < region_pages; page++) {
		if (!(region->touched >> page & 1) || page_granules(region, page) != 0)
			continue;
		unsigned first = page;
		while (page < region_pages && region->touched >> page & 1 && page_granules(region, page) == 0)
			region->touched &= ~((uint64_t)1 << page++);
		madvise((char *)region + (size_t)first * page_bytes, (size_t)(page - first) * page_bytes, MADV_DONTNEED);
	}
	free_pages -= region->free_pages;
	region->free_pages = 0;
}

static bool is_empty(const struct region *region)
{
	uint64_t others = region->used[0] & ~(uint64_t)1;
	for (size_t i = 1; i < region_granules / 64; i++)
		others |= region->used[i];
	return others == 0;
}

static void give_granules_back(struct granule *first, unsigned count)
{
	struct region *region = (struct region *)((uintptr_t)first & ~(uintptr_t)(region_bytes - 1));
	unsigned start = (unsigned)(((uintptr_t)first - (uintptr_t)region) / granule_bytes);
	for (unsigned i = start; i < start + count; i++) {
		region->used[i / 64] &= ~((uint64_t)1 << i % 64);
		if (page_granules(region, i / granules_per_page) == 0) {
			region->free_pages++;
			free_pages++;
		}
	}
	if (is_empty(region) && (char *)region != first_region) {
		struct region **link = &regions;
		while (*link != region)
			link = &(*link)->next;
		*link = region->next;
		free_pages -= region->free_pages;
		munmap(region, region_bytes);
	} else if (free_pages > free_pages_max) {
		for (region = regions; region; region = region->next)
			if (region->free_pages > 0)
				give_pages_back(region);
	}
}

// --- blocks ----------------------------------------------------------------------------------------------------

static struct granule *granule_of(const void *block)
{
	return (struct granule *)((uintptr_t)block & ~(uintptr_t)(granule_bytes - 1));
}

static unsigned class_of(size_t bytes)
{
	if (bytes <= 16)
		return 0;
	if (bytes <= 128)
		return (unsigned)((bytes + 7) / 8 - 2);
	unsigned class = 15;
	while (small_sizes[class] < bytes)
		class++;
	return class;
}

static void enlist(struct granule *slab)
{
	struct granule **list = &slabs_with_room[slab->class];
	slab->previous = NULL;
	slab->next = *list;
	if (*list)
		(*list)->previous = slab;
	*list = slab;
}

static void delist(struct granule *slab)
{
	if (slab->next)
		slab->next->previous = slab->previous;
	if (slab->previous)
		slab->previous->next = slab->next;
	else
		slabs_with_room[slab->class] = slab->next;
}

static bool is_full(const struct granule *slab)
{
	return slab->first_free == 0 && slab->fresh + small_sizes[slab->class] > granule_bytes;
}

static void *take_small(unsigned class)
{
	struct granule *slab = slabs_with_room[class];
	if (!slab) {
		slab = take_granules(1);
		if (!slab)
			return NULL;
		*slab = (struct granule){.kind = kind_slab, .class = (uint8_t)class, .fresh = slab_header_bytes};
		enlist(slab);
	}
	char *block;
	if (slab->first_free != 0) {
		block = (char *)slab + slab->first_free;
		memcpy(&slab->first_free, block, sizeof(slab->first_free));
	} else {
		block = (char *)slab + slab->fresh;
		slab->fresh = (uint16_t)(slab->fresh + small_sizes[class]);
	}
	slab->used++;
	if (is_full(slab))
		delist(slab);
	return block;
}

static void give_small_back(struct granule *slab, void *block)
{
	bool was_full = is_full(slab);
	memcpy(block, &slab->first_free, sizeof(slab->first_free));
	slab->first_free = (uint16_t)((char *)block - (char *)slab);
	slab->used--;
	if (was_full)
		enlist(slab);
	if (slab->used > 0)
		return;
	delist(slab);
	give_granules_back(slab, 1);
}

static size_t span_size(size_t bytes)
{
	return (bytes + span_header_bytes + granule_bytes - 1) & ~(size_t)(granule_bytes - 1);
}

static void *take_span(size_t bytes)
{
	size_t size = span_size(bytes);
	struct granule *span = take_granules((unsigned)(size / granule_bytes));
	if (!span)
		return NULL;
	span->kind = kind_span;
	span->size = size;
	return (char *)span + span_header_bytes;
}

static void *take_mapped(size_t bytes)
{
	size_t size = (bytes + sizeof(struct mapped) + page_bytes - 1) & ~(size_t)(page_bytes - 1);
	struct mapped *mapped = size < bytes ? NULL : (struct mapped *)map(size);
	if (!mapped)
		return NULL;
	*mapped = (struct mapped){.kind = kind_mapped, .size = size, .next = all_mapped};
	if (all_mapped)
		all_mapped->previous = mapped;
	all_mapped = mapped;
	return mapped + 1;
}

static void give_mapped_back(struct mapped *mapped)
{
	if (mapped->next)
		mapped->next->previous = mapped->previous;
	if (mapped->previous)
		mapped->previous->next = mapped->next;
	else
		all_mapped = mapped->next;
	munmap(mapped, mapped->size);
}

void *blocks_take(size_t bytes)
{
	if (bytes <= small_bytes_max)
		return take_small(class_of(bytes));
	return bytes < mapped_bytes_min ? take_span(bytes) : take_mapped(bytes);
}

void *blocks_take_zeroed(size_t bytes)
{
	void *block = blocks_take(bytes);
	// What was mapped just now is zero already, and a large buffer may never be used whole.
	if (block && bytes < mapped_bytes_min)
		memset(block, 0, bytes);
	return block;
}

size_t blocks_usable(const void *block)
{
	const struct granule *granule = granule_of(block);
	switch (granule->kind) {
	case kind_slab: return small_sizes[granule->class];
	case kind_mapped: return granule->size - sizeof(struct mapped);
	default: return granule->size - span_header_bytes;
	}
}

void blocks_give_back(void *block)
{
	struct granule *granule = granule_of(block);
	switch (granule->kind) {
	case kind_slab: give_small_back(granule, block); break;
	case kind_span: give_granules_back(granule, (unsigned)(granule->size / granule_bytes)); break;
	case kind_mapped: give_mapped_back((struct mapped *)granule); break;
	default: __builtin_trap(); // no block of ours
	}
}

void blocks_forget(void)
{
	while (all_mapped)
		give_mapped_back(all_mapped);
	while (regions) {
		struct region *region = regions;
		regions = region->next;
		if ((char *)region != first_region)
			munmap(region, region_bytes);
	}
	madvise(first_region, region_bytes, MADV_DONTNEED);
}
