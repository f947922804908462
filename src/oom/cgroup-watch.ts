// What a watch of either version hands back, and how a cgroup is watched that the kernel tells nothing of.

import type { Reactor, Timer } from '../sys/reactor.ts';

/** Where the room says what it has seen. */
export interface OomNotes {
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

export interface CgroupWatch {
  /** Looks for an OOM that has not been seen yet. */
  check(): void;
  close(): void;
}

/**
 * Looks every few seconds, so that a kill is known before the end: by then the cgroup may be gone. This is for where the
 * kernel refuses the watch: a user has 128 inotify instances as Linux comes. `look` returns false once there is nothing to
 * be seen any more.
 */
export function pollCgroup(reactor: Reactor, look: () => boolean): CgroupWatch {
  let timer: Timer | undefined;
  const lookLater = (): void => {
    timer = reactor.after(pollMs, () => {
      if (look()) lookLater();
    });
  };
  lookLater();
  return { check: look, close: () => timer?.cancel() };
}

const pollMs = 5000;
