// conmon in one executable: the monitor is in its image.

#include "image.h"
#include "launcher.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (!image_is_there())
		return image_main(argc, argv);
	if (!image_has_stack()) {
		// Not by stdio, which may need more stack than there is.
		const char *words = "conmon: the stack may not grow as far as is needed: see ulimit -s\n";
		ssize_t ignored = write(STDERR_FILENO, words, strlen(words));
		(void)ignored;
		return EXIT_FAILURE;
	}
	return launch(argc, argv);
}

void start_monitor(char **argv, int verdict_fd, const char *handoff)
{
	(void)argv, (void)verdict_fd; // the monitor reads its arguments where everybody can, in /proc
	image_run(handoff);
}
