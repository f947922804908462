// What of ours waits in Node's own event loop: the addon's ./node-loop/loop.c. Our executable has none of it.

/** One for each thread of JavaScript that loads the addon. What it holds ends with that thread, terminated or not. */
export interface NodeLoop {
  /** Calls `onReadable` from the event loop, as a macrotask of its own, whenever and as long as something is due at the
   * fd, an epoll instance. Once only. Returns 0 or -errno. */
  watch(fd: number, onReadable: () => void): number;
  /** True to keep the thread running until this is called with false, as it is in the beginning. Needs {@link watch}. */
  keepAlive(alive: boolean): number;
  /** Has the fd closed when the thread ends, unless {@link close} does it before. Returns the fd, or -errno: the one given
   * in its place, or -ENOMEM with the fd closed. */
  own(fd: number): number;
  /** Closes an fd that is owned. */
  close(fd: number): number;
}
