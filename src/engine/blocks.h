// The heap's blocks: memory by regions of pages, which grows without a fixed end and gives whole pages back.
#ifndef CONMON_BLOCKS_H
#define CONMON_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

// For tests: the system refuses every mapping from here on.
extern bool blocks_system_is_out;

// NULL where the system has no more.
void *blocks_take(size_t bytes);
void *blocks_take_zeroed(size_t bytes);
size_t blocks_usable(const void *block);
void blocks_give_back(void *block);
// Gives everything back at once. No block may be used any more, and none taken.
void blocks_forget(void);

#endif
