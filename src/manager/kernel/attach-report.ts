// What comes of a connection to a monitor.

import { errorName, errorWords } from '../../sys/errno.ts';
import { SystemError } from '../errors.ts';

export type AttachReport =
  | { readonly report: 'connected' }
  /** One packet; `stream` is its first byte: 2 for stdout, 3 for stderr. */
  | { readonly report: 'packet'; readonly stream: number; readonly bytes: Uint8Array }
  /** All of one `send` has been taken by the kernel. */
  | { readonly report: 'sent' }
  /** The peer is gone. */
  | { readonly report: 'end' }
  /** Nothing more comes. */
  | { readonly report: 'failed'; readonly errno: number; readonly syscall: string };

/** Bytes that may be under way to a reader before the socket is left alone: more only takes memory, and the monitor
 * waits for those who read slowly. */
export const attachWindowBytes = 1024 * 1024;

/** A report of failure as an error. */
export function attachError(report: { readonly errno: number; readonly syscall: string }): SystemError {
  const { errno, syscall } = report;
  return new SystemError(`${syscall}: ${errorWords(errno)}`, { errno: errorName(errno), syscall });
}
