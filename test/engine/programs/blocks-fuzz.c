// The heap's blocks against a model. Each block is filled to its last usable byte with a pattern of its own, which is
// compared when it is given back: two blocks that have a byte in common cannot both keep theirs. What blocks.c knows of
// its pages is compared with what the kernel says.
//
//   blocks-fuzz random SEED STEPS    takes and gives back at random; says what it found, `name value` a line
//   blocks-fuzz refused SEED         the system has no more memory

#include "../../../src/engine/blocks.c"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { slots = 6000, largest_bytes = 200 * 1000 };

static struct slot {
	uint8_t *block;
	size_t bytes; // usable ones
	uint64_t pattern;
} held[slots];

static size_t regions_most, kept_most, held_bytes, held_bytes_most;

static void fail(const char *what, const void *block, size_t bytes)
{
	printf("wrong %s, block %p of %zu bytes\n", what, block, bytes);
	exit(1);
}

// --- chance ----------------------------------------------------------------------------------------------------

static uint64_t chance;

// xorshift64*
static uint64_t next_random(void)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return chance * 0x2545f4914f6cdd1d;
}

static size_t below(size_t limit)
{
	return (size_t)(next_random() >> 11) % limit;
}

// As an engine asks: mostly for little; and around each size at which something else begins.
static size_t random_bytes(void)
{
	static const size_t edges[] = {0, 16, 128, 496, 1008, 2032, 4080, mapped_bytes_min, 64 * 1024, largest_bytes};
	switch (below(16)) {
	case 0: return below(largest_bytes) + 1;
	case 1: return below(mapped_bytes_min) + 1;
	case 2:
	case 3: return below(4096) + 1;
	case 4: {
		size_t edge = edges[below(sizeof(edges) / sizeof(*edges))] + below(9);
		return edge < 4 ? 1 : edge - 4;
	}
	default: return below(small_bytes_max) + 1;
	}
}

// --- patterns --------------------------------------------------------------------------------------------------

static uint64_t word_of(uint64_t pattern, size_t at)
{
	return (pattern + at) * 0x9e3779b97f4a7c15;
}

static void fill(const struct slot *slot)
{
	for (size_t at = 0; at < slot->bytes; at += 8) {
		uint64_t word = word_of(slot->pattern, at);
		memcpy(slot->block + at, &word, slot->bytes - at < 8 ? slot->bytes - at : 8);
	}
}

static void compare(const struct slot *slot)
{
	for (size_t at = 0; at < slot->bytes; at += 8) {
		uint64_t word = word_of(slot->pattern, at);
		if (memcmp(slot->block + at, &word, slot->bytes - at < 8 ? slot->bytes - at : 8) != 0)
			fail("bytes", slot->block, slot->bytes);
	}
}

// --- steps -----------------------------------------------------------------------------------------------------

static bool take(struct slot *slot, size_t bytes)
{
	bool zeroed = below(4) == 0;
	uint8_t *block = zeroed ? blocks_take_zeroed(bytes) : blocks_take(bytes);
	if (!block)
		return false;
	if ((uintptr_t)block % 8 != 0)
		fail("alignment", block, bytes);
	for (size_t i = 0; zeroed && i < bytes; i++)
		if (block[i] != 0)
			fail("zeroes", block, bytes);
	size_t usable = blocks_usable(block);
	if (usable < bytes || usable > bytes + bytes / 4 + (bytes < mapped_bytes_min ? granule_bytes : page_bytes))
		fail("usable size", block, bytes);
	*slot = (struct slot){block, usable, next_random()};
	fill(slot);
	held_bytes += usable;
	held_bytes_most = held_bytes > held_bytes_most ? held_bytes : held_bytes_most;
	return true;
}

static void give_back(struct slot *slot)
{
	compare(slot);
	if (blocks_usable(slot->block) != slot->bytes)
		fail("usable size later", slot->block, slot->bytes);
	blocks_give_back(slot->block);
	held_bytes -= slot->bytes;
	slot->block = NULL;
}

static void give_all_back(void)
{
	for (size_t i = 0; i < slots; i++)
		if (held[i].block)
			give_back(&held[i]);
}

// --- pages -----------------------------------------------------------------------------------------------------

// Returns how many pages of the regions are resident.
static size_t check_regions(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	size_t count = 0, all_resident = 0, all_kept = 0;
	for (const struct region *region = regions; region; region = region->next, count++) {
		uint64_t entries[region_pages];
		off_t at = (off_t)((uintptr_t)region / page_bytes * sizeof(*entries));
		if (pread(pagemap, entries, sizeof(entries), at) != sizeof(entries))
			fail("reading of pagemap", region, 0);
		unsigned kept = 0;
		for (unsigned page = 0; page < region_pages; page++) {
			bool touched = region->touched >> page & 1;
			bool resident = entries[page] >> 63 & 1;
			bool used = page_granules(region, page) != 0;
			kept += touched && !used;
			all_resident += resident;
			if ((resident || used) && !touched)
				fail("note of a touched page", (const char *)region + (size_t)page * page_bytes, page_bytes);
		}
		if (kept != region->free_pages)
			fail("count of free pages", region, region->free_pages);
		all_kept += kept;
	}
	close(pagemap);
	if (all_kept != free_pages || all_kept > free_pages_max)
		fail("number of pages kept", NULL, all_kept);
	regions_most = count > regions_most ? count : regions_most;
	kept_most = all_kept > kept_most ? all_kept : kept_most;
	return all_resident;
}

static size_t count_regions(void)
{
	size_t count = 0;
	for (const struct region *region = regions; region; region = region->next)
		count++;
	return count;
}

static size_t mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t lines = 0;
	for (int byte; (byte = getc(maps)) != EOF;)
		lines += byte == '\n';
	fclose(maps);
	return lines;
}

// --- a random life ---------------------------------------------------------------------------------------------

// Fuller and emptier by turns, so that regions come and go.
static void step(size_t number)
{
	struct slot *slot = &held[below(slots)];
	size_t turn = number / 50000 % 4;
	bool wants_block = turn == 0 ? true : turn == 2 ? below(8) == 0 : below(2) == 0;
	if (slot->block && (!wants_block || turn % 2 == 1))
		give_back(slot);
	else if (!slot->block && wants_block && !take(slot, random_bytes()))
		fail("refusal", NULL, 0);
}

static void random_life(size_t steps)
{
	size_t resident_most = 0;
	size_t mappings_before = mappings();
	for (size_t number = 0; number < steps; number++) {
		step(number);
		if (number % 5000 == 0) {
			size_t resident = check_regions();
			resident_most = resident > resident_most ? resident : resident_most;
		}
		if (number % 500000 == 0)
			give_all_back();
	}
	give_all_back();
	printf("regions_most %zu\nheld_bytes_most %zu\nresident_pages_most %zu\nkept_pages_most %zu\n", regions_most,
	       held_bytes_most, resident_most, kept_most);
	printf("regions_after %zu\nresident_pages_after %zu\n", count_regions(), check_regions());
	printf("mappings_more %td\n", (ptrdiff_t)(mappings() - mappings_before));
}

// --- a system that has no more ----------------------------------------------------------------------------------

static size_t fill_up(size_t bytes)
{
	size_t taken = 0;
	for (size_t i = 0; i < slots; i++)
		if (!held[i].block) {
			if (!take(&held[i], bytes))
				return taken;
			taken++;
		}
	fail("endless memory", NULL, bytes);
	return 0;
}

static void refused(void)
{
	for (size_t i = 0; i < 50; i++)
		take(&held[i], random_bytes());
	blocks_system_is_out = true;
	if (blocks_take(mapped_bytes_min) || blocks_take_zeroed(largest_bytes) || blocks_take(SIZE_MAX) || blocks_take(SIZE_MAX - 5000))
		fail("mapping without a system", NULL, 0);
	printf("reserve_at_first %d\n", reserve_is_open);

	// What the first region has left is used, then its reserve is opened, and then there is nothing.
	size_t taken = 0;
	for (; !reserve_is_open; taken++)
		if (taken == slots - 50 || !take(&held[50 + taken], granule_bytes - span_header_bytes))
			fail("refusal before the reserve was open", NULL, taken);
	printf("granules_of_reserve %zu\n", 1 + fill_up(granule_bytes - span_header_bytes));
	for (int i = 0; i < 1000; i++)
		if (blocks_take(granule_bytes) || blocks_take_zeroed(mapped_bytes_min - 1))
			fail("a block from nowhere", NULL, 0);
	check_regions();

	// Something given back is there again, for blocks of any kind.
	give_back(&held[50]);
	give_back(&held[51]);
	printf("after_two_came_back %zu\n", fill_up(granule_bytes - span_header_bytes));
	give_back(&held[52]);
	size_t small = fill_up(64);
	printf("small_in_one_granule %zu\n", small);
	give_all_back();
	check_regions();
	printf("granules_when_all_is_back %zu\n", fill_up(granule_bytes - span_header_bytes));
	printf("regions_without_a_system %zu\n", count_regions());

	blocks_system_is_out = false;
	struct slot *last = &held[slots - 1];
	if (last->block || !take(last, largest_bytes))
		fail("refusal by a system that has more", NULL, 0);
	printf("taken_when_system_is_back %zu\n", last->bytes >= largest_bytes ? (size_t)1 : 0);
	random_life(200000);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	chance = strtoull(argv[2], NULL, 10) * 2 + 1;
	memset(held, 0, sizeof(held));
	if (strcmp(argv[1], "refused") == 0)
		refused();
	else
		random_life(argc > 3 ? strtoull(argv[3], NULL, 10) : 1000000);
	return 0;
}
