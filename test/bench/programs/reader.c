// A client of the attach socket at argv[1] that only reads. Prints a line when it is connected, and at the end of the
// output another one: how many bytes of it came.

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { packet_bytes = 8193 };

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("connected");
	static char packet[packet_bytes];
	long total = 0;
	for (ssize_t got; (got = recv(fd, packet, sizeof(packet), 0)) != 0;) {
		if (got < 0 && errno == ECONNRESET)
			break;
		if (got < 0)
			return 1;
		total += got - 1;
	}
	printf("%ld\n", total);
	return 0;
}
