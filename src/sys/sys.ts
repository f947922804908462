// The only door to the kernel. Each method is one system call under its man-page name; it returns what the
// call returns, or -errno. Nothing here judges: EAGAIN, EINTR and EPIPE are results like any other.
// The real one is ./real.ts (an N-API addon), the one for tests ./scripted.ts.

import type { ClockTime } from './clock-time.ts';
import type { FileStat } from './file-stat.ts';

/** A process to start; see {@link Sys.spawn}. All of it is data, so that a test can compare it. */
export interface SpawnPlan {
  /** Path of the executable, as for execve(2): no search in PATH. */
  readonly file: string;
  readonly argv: readonly string[];
  /** The environment, one NUL-terminated `NAME=value` after the other, as in /proc/PID/environ. */
  readonly environ: Uint8Array;
  /** What the child finds at its fds: `from` is one of ours, `to` its number there. All others are closed by
   * their close-on-exec flag; an entry with `from === to` is only kept open. */
  readonly fds: readonly { readonly from: number; readonly to: number }[];
  /** Signal that the child gets when we die (PR_SET_PDEATHSIG); 0 for none. */
  readonly parentDeathSignal: number;
  /** Written to the child's /proc/self/oom_score_adj before it executes the file, when given. */
  readonly oomScoreAdj?: string;
  /** The child's soft RLIMIT_NOFILE, below 0 for none, when given: engines raise theirs to the hard limit. */
  readonly openFilesMax?: number;
  /** True to set LISTEN_PID to the child's own pid: `environ` then ends in `LISTEN_PID=` and 10 spare NULs. */
  readonly listenPid?: boolean;
}

/** Sizes, counts and flags are plain numbers; times are in seconds and nanoseconds. A number that the C type of the call
 * does not hold as it is throws a TypeError before any call is made, as a wrong type does: NaN, 1.5 or 2^32 for an int. */
export interface Sys {
  // --- files -------------------------------------------------------------------------------------------------
  open(path: string, flags: number, mode: number): number;
  openat(dirfd: number, path: string, flags: number, mode: number): number;
  close(fd: number): number;
  /** read(2) into `buf[offset, offset + length)`. Returns the number of bytes, 0 at the end. */
  read(fd: number, buf: Uint8Array, offset: number, length: number): number;
  /** write(2) of `buf[offset, offset + length)`. May return less than `length`. */
  write(fd: number, buf: Uint8Array, offset: number, length: number): number;
  fsync(fd: number): number;
  ftruncate(fd: number, length: number): number;
  fchmod(fd: number, mode: number): number;
  fstat(fd: number, out: FileStat): number;
  /** lstat(2) of a path relative to `dirfd`. */
  lstatat(dirfd: number, path: string, out: FileStat): number;
  access(path: string, mode: number): number;
  rename(from: string, to: string): number;
  renameat(fromDirfd: number, from: string, toDirfd: number, to: string): number;
  unlink(path: string): number;
  unlinkat(dirfd: number, path: string, flags: number): number;
  symlink(target: string, path: string): number;
  mkfifo(path: string, mode: number): number;
  umask(mask: number): number;
  /** getcwd(2): fills `buf` with the path and its NUL. Returns the length of both. */
  getcwd(buf: Uint8Array): number;
  /** memfd_create(2) with MFD_CLOEXEC and MFD_ALLOW_SEALING. */
  memfdCreate(name: string): number;

  // --- fds ---------------------------------------------------------------------------------------------------
  /** pipe2(2): fills `out` with [read end, write end]. */
  pipe2(out: Int32Array, flags: number): number;
  dup3(from: number, to: number, flags: number): number;
  fcntl(fd: number, cmd: number, arg: number): number;
  /** ioctl(2) with a struct in `arg`, read or filled by the kernel. */
  ioctl(fd: number, request: number, arg: Uint8Array): number;
  eventfd(initial: number, flags: number): number;

  // --- sockets (all of them AF_UNIX) -------------------------------------------------------------------------
  socket(type: number): number;
  bind(fd: number, path: string): number;
  connect(fd: number, path: string): number;
  listen(fd: number, backlog: number): number;
  /** accept4(2); `flags` are SOCK_NONBLOCK and SOCK_CLOEXEC. */
  accept4(fd: number, flags: number): number;
  /** send(2) of `buf[offset, offset + length)`. */
  send(fd: number, buf: Uint8Array, offset: number, length: number, flags: number): number;
  /** sendmmsg(2) of `buf[offset, offset + length)` in packets of `packetBytes`, the last one of what is left, each behind
   * the byte `first`. Returns how many were sent, at most 32 in one call; -errno where the first was refused. */
  sendmmsg(
    fd: number,
    first: number,
    buf: Uint8Array,
    offset: number,
    length: number,
    packetBytes: number,
    flags: number,
  ): number;
  /** sendto(2) to the datagram socket at `path`. */
  sendto(fd: number, buf: Uint8Array, offset: number, length: number, flags: number, path: string): number;
  /** sendmsg(2) of no data but one SCM_RIGHTS fd, to the datagram socket at `path`. */
  sendFdTo(fd: number, fdToSend: number, flags: number, path: string): number;
  /** sendmsg(2) of `buf[offset, offset + length)` and one SCM_RIGHTS fd on a connected socket; a stream socket
   * needs at least one byte to carry the fd. */
  sendFd(fd: number, buf: Uint8Array, offset: number, length: number, fdToSend: number): number;
  recv(fd: number, buf: Uint8Array, offset: number, length: number, flags: number): number;
  /** recvmsg(2) with room for one SCM_RIGHTS fd, close-on-exec: `out[0]` is that fd, or -1. Returns the data's length. */
  recvFd(fd: number, buf: Uint8Array, out: Int32Array): number;
  shutdown(fd: number, how: number): number;
  /** setsockopt(2) at SOL_SOCKET with an int. */
  setsockopt(fd: number, option: number, value: number): number;

  // --- processes ---------------------------------------------------------------------------------------------
  /** Starts a process: fds in place, every signal disposition default, no signal blocked. Returns its pid, or
   * -errno of the step in the child that failed (execve included). */
  spawn(plan: SpawnPlan): number;
  /**
   * Ends the process in a command, and gives back what memory that does not take: nothing is done after it. Closes all
   * fds but 0 to 2, waits `delayMs`, is no subreaper any more, starts `plan` and waits for its end. Children that have
   * ended are taken, signals ignored. The exit status is the command's, or `exitStatus` where that is 0; 1 where it cannot
   * be started: syslog then has `complaint`, if it is not empty, and the reason.
   *
   * Returns -ENOSYS under Node.js, which has its memory for itself.
   */
  endInCommand(plan: SpawnPlan, delayMs: number, exitStatus: number, complaint: string): number;
  getpid(): number;
  getpgid(pid: number): number;
  setsid(): number;
  /** prctl(2) with one argument. */
  prctl(option: number, arg: number): number;
  kill(pid: number, signal: number): number;
  /** waitpid(2): `status[0]` is the wait status. Returns the pid, 0 if none is ready. */
  waitpid(pid: number, status: Int32Array, options: number): number;
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): number;
  /** Installs a handler for each of `signals` that writes its number, one byte, to a pipe. Returns the pipe's
   * read end, non-blocking. */
  signalPipe(signals: readonly number[]): number;
  /** sigaction(2) with SIG_IGN. */
  ignoreSignal(signal: number): number;
  /** _exit(2). */
  exit(status: number): never;

  // --- waiting -----------------------------------------------------------------------------------------------
  epollCreate(): number;
  /** epoll_ctl(2); the fd itself is the event's data. */
  epollCtl(epfd: number, op: number, fd: number, events: number): number;
  /** epoll_wait(2): fills `out` with pairs [fd, events]. `timeout` in ms, -1 for ever. Returns the number of pairs. */
  epollWait(epfd: number, out: Int32Array, timeout: number): number;
  inotifyInit(flags: number): number;
  inotifyAddWatch(fd: number, path: string, mask: number): number;

  // --- memory ------------------------------------------------------------------------------------------------
  /** madvise(2) of the whole pages of `buf`. With MADV_DONTNEED they take no memory until they are used again, and are 0
   * then. */
  madvise(buf: Uint8Array, advice: number): number;

  // --- chance and time -----------------------------------------------------------------------------------------
  /** getrandom(2): fills `buf`, or the beginning of it. Returns the number of bytes. */
  getrandom(buf: Uint8Array, flags: number): number;
  clockGettime(clock: number, out: ClockTime): number;
  /** localtime_r(3): fills `out` with [year, month 1-12, day, hour, minute, second, offset from UTC in seconds]. */
  localtime(seconds: number, out: Int32Array): number;
}
