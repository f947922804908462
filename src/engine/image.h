// The image: our modules, run to the end of their top level when the executable was built. A start only calls what
// they left, `run` of src/main.ts.
#ifndef CONMON_IMAGE_H
#define CONMON_IMAGE_H

#include <stdbool.h>

// Whether the image is in the executable. It is not while the build makes it.
bool image_is_there(void);
// Whether the stack may grow as the monitor needs it to.
bool image_has_stack(void);
// The monitor, from its beginning to its end. `handoff` is what src/parent/handoff.ts reads.
_Noreturn void image_run(const char *handoff);
// Ends the monitor, but not the process: gives back all memory that only the engine needs, and calls `then`.
_Noreturn void image_leave(void (*then)(void *), void *context);
// Makes the image, when the executable is built. Returns the exit status.
int image_main(int argc, char **argv);

#endif
