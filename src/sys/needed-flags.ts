// Flags that no call of the monitor may lack, for the scripted Sys: nothing that it opens reaches the runtime, nothing
// that it waits for holds it up, and no peer that is gone ends it. An fd that cannot be opened like that, such as one of
// /dev/null for 0, 1 and 2, is made by a call that is not here.

import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  IN_CLOEXEC,
  IN_NONBLOCK,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from './constants.ts';
import type { Sys } from './sys.ts';

/** Which argument has them, and what they are. */
const neededFlags: { readonly [K in keyof Sys]?: readonly [argument: number, flags: number] } = {
  open: [1, O_CLOEXEC],
  openat: [2, O_CLOEXEC],
  pipe2: [1, O_CLOEXEC],
  eventfd: [1, EFD_CLOEXEC | EFD_NONBLOCK],
  inotifyInit: [0, IN_CLOEXEC | IN_NONBLOCK],
  socket: [0, SOCK_CLOEXEC | SOCK_NONBLOCK],
  accept4: [1, SOCK_CLOEXEC | SOCK_NONBLOCK],
  send: [4, MSG_NOSIGNAL],
  sendmmsg: [6, MSG_NOSIGNAL],
  sendto: [4, MSG_NOSIGNAL],
  sendFdTo: [2, MSG_NOSIGNAL],
};

/** Throws for a call that lacks one. */
export function checkFlags(name: keyof Sys, args: readonly unknown[]): void {
  const needed = neededFlags[name];
  if (needed === undefined) return;
  const [argument, flags] = needed;
  const missing = flags & ~(args[argument] as number);
  if (missing !== 0) throw new Error(`${name} lacks flags: 0x${missing.toString(16)}`);
}
