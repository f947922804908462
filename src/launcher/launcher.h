// Between the launcher and the form that the monitor has.
#ifndef CONMON_LAUNCHER_H
#define CONMON_LAUNCHER_H

// What conmon does, from its start on. Returns the launcher's exit status.
int launch(int argc, char **argv);

// Becomes the monitor. In one executable: executable.c. On Node.js, for debugging: node.c. The fd is the verdict's, or -1.
_Noreturn void start_monitor(char **argv, int verdict_fd, const char *handoff);

// Says the text and what errno means, and ends the process.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
