// What every log driver offers, and the options that drivers read. Types and limits only.

import type { StreamName } from '../stream-name.ts';
import type { Reactor } from '../sys/reactor.ts';

/** A log record's text, at most: conmon reads its pipes in pieces of this size (config.h STDIO_BUF_SIZE), and the
 * readers of its logs have buffers for it. */
export const recordTextBytesMax = 8192;

/** Bytes in front of `start` that {@link LogDriver.write} may overwrite, to put an unfinished line in front of the
 * chunk without copying the chunk. What is in them after the call is of no meaning. */
export const headRoomBytes = recordTextBytesMax;

/** A log file's mode (conmon's): those who read logs are in the file's group. */
export const logFileMode = 0o640;

/** The options of the command line that logs depend on. Sizes in bytes, -1 (or 0) for no limit. */
export interface LogOptions {
  /** Every `--log-path`, in order: `[driver:]path`. */
  readonly logPath: readonly string[];
  readonly logSizeMax: number;
  readonly logGlobalSizeMax: number;
  readonly logRotate: boolean;
  readonly logMaxFiles: number;
  readonly logAllowlistDir: readonly string[];
  readonly logTag: string | undefined;
  readonly logLabel: readonly string[];
  readonly noContainerPartialMessage: boolean;
  readonly noSyncLog: boolean;
  readonly cid: string;
  readonly name: string | undefined;
}

/** Says something on the monitor's own log, level warn. */
export type Warn = (message: string) => void;

/** One place that the container's output goes to. No call throws: what cannot be written is counted, and warned
 * about once until it works again. */
export interface LogDriver {
  /** Takes `buf[start, end)`, the next bytes of a stream; at least {@link headRoomBytes} precede `start`. */
  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void;
  /** The stream has nothing more to read for now. */
  pause(stream: StreamName): void;
  /** The stream is at its end: nothing of it may be held back any longer. */
  end(stream: StreamName): void;
  /** Starts anew in the same place (`2 x x` on the ctl fifo); nothing to do where there is no file. */
  reopen(): void;
  /** Nothing more is to come: waits, within bounds, until what was written has been taken. Absent where nothing waits
   * behind {@link end}. */
  finish?(): void;
  /** On to the disk with what was written. */
  sync(): void;
  /** Lets go of the memory that output has used. To be called when there has been little for a while. */
  release?(): void;
  close(): void;
  /** False while what was written waits to be taken: nothing more should be read until it is true. */
  readonly hasRoom: boolean;
  /** From here on the reactor does the waiting, and `onRoom` is called when {@link hasRoom} is true again. Absent
   * where nothing ever waits. */
  waitBy?(reactor: Reactor, onRoom: () => void): void;
}

/** What the records of a file driver are written to. */
export interface OpenLog {
  /** Bytes in the file. */
  readonly size: number;
  /** Bytes written in all, and those that were there at the start. */
  readonly total: number;
  /** Takes `buf[0, length)`, whole records. */
  append(buf: Uint8Array, length: number): void;
  sync(): void;
  close(): void;
}
