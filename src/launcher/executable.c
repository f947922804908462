// conmon in one executable: the monitor is in its image.

#include "image.h"
#include "launcher.h"

int main(int argc, char **argv)
{
	return image_is_there() ? launch(argc, argv) : image_main(argc, argv);
}

void start_monitor(char **argv, int verdict_fd, const char *handoff)
{
	(void)argv, (void)verdict_fd; // the monitor reads its arguments where everybody can, in /proc
	image_run(handoff);
}
