// Takes the pages of the file at argv[1] out of the page cache. Ends with 1 where some stay: those of a file that is
// on a tmpfs, or that somebody has mapped.

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct stat file;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &file) < 0 || file.st_size == 0)
		return 2;
	// What is still to be written stays.
	if (fsync(fd) < 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
		return 2;
	size_t bytes = (size_t)file.st_size, page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page;
	void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
	unsigned char *is_there = malloc(pages);
	if (mapped == MAP_FAILED || !is_there || mincore(mapped, bytes, is_there) < 0)
		return 2;
	for (size_t i = 0; i < pages; i++)
		if (is_there[i] & 1)
			return 1;
	return 0;
}
