// What the library's thread and the one that waits on kernel objects say to each other.

import type { MessagePort } from 'node:worker_threads';

/** What the waiting thread is given: requests come by the port, and are taken when the eventfd has been written to. */
export interface KernelThreadData {
  readonly port: MessagePort;
  readonly wakeFd: number;
}

/** To the waiting thread; `key` names a watch or a connection for its lifetime. */
export type KernelRequest =
  | { readonly op: 'watch'; readonly key: number; readonly pid: number }
  | { readonly op: 'connect'; readonly key: number; readonly directory: string; readonly name: string }
  | { readonly op: 'send'; readonly key: number; readonly bytes: Uint8Array }
  | { readonly op: 'finish'; readonly key: number }
  | { readonly op: 'credit'; readonly key: number; readonly bytes: number }
  | { readonly op: 'close'; readonly key: number }
  | { readonly op: 'quit' };

/** From the waiting thread. */
export type KernelReport =
  /** The process has ended. */
  | { readonly report: 'gone'; readonly key: number }
  | { readonly report: 'connected'; readonly key: number }
  /** One packet; `stream` is its first byte: 2 for stdout, 3 for stderr. */
  | { readonly report: 'packet'; readonly key: number; readonly stream: number; readonly bytes: Uint8Array }
  /** All of one `send` has been taken by the kernel. */
  | { readonly report: 'sent'; readonly key: number }
  /** The peer is gone. */
  | { readonly report: 'end'; readonly key: number }
  /** Nothing more comes for this key. */
  | { readonly report: 'failed'; readonly key: number; readonly errno: number; readonly syscall: string };

/** Bytes that may be under way to a reader before the socket is left alone: more only takes memory, and the monitor
 * waits for those who read slowly. */
export const attachWindowBytes = 1024 * 1024;
