// Clients of an attach socket, one after the other and a few at a time.
//
//   attach-storm SOCKET COUNT AT_ONCE TALK_EVERY
//
// Each connects, and closes when AT_ONCE others have connected after it. Every TALK_EVERY-th one sends a line as input of
// the container, which must answer, and waits for output.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { at_once_max = 256 };

static void need(long answer, const char *call)
{
	if (answer >= 0)
		return;
	perror(call);
	exit(1);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	need(fd, "socket");
	need(connect(fd, (const struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

static void talk(int fd, long number)
{
	char line[32], packet[8193];
	int length = snprintf(line, sizeof(line), "client %ld\n", number);
	need(send(fd, line, (size_t)length, MSG_NOSIGNAL), "send");
	ssize_t got = recv(fd, packet, sizeof(packet), 0);
	need(got, "recv");
	if (got == 0) {
		fputs("the monitor has closed the connection\n", stderr);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	long count = atol(argv[2]), at_once = atol(argv[3]), talk_every = atol(argv[4]);
	if (at_once < 1 || at_once > at_once_max)
		return 2;
	int fds[at_once_max];
	for (long i = 0; i < count; i++) {
		int *place = &fds[i % at_once];
		if (i >= at_once)
			close(*place);
		*place = connect_to(argv[1]);
		if (talk_every > 0 && i % talk_every == 0)
			talk(*place, i);
	}
	return 0;
}
