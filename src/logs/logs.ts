// As many logs as the options name, behind one interface.

import type { StreamName } from '../stream-name.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { LogDriver } from './driver.ts';

export interface Logs extends Required<LogDriver> {
  /** True when the container has the caller's own stdio, and nothing comes this way. */
  readonly passthrough: boolean;
}

export class AllLogs implements Logs {
  readonly passthrough: boolean;
  readonly #drivers: readonly LogDriver[];
  readonly #syncs: boolean;

  constructor(drivers: readonly LogDriver[], passthrough: boolean, syncs: boolean) {
    this.#drivers = drivers;
    this.passthrough = passthrough;
    this.#syncs = syncs;
  }

  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void {
    for (const driver of this.#drivers) driver.write(stream, buf, start, end);
  }

  pause(stream: StreamName): void {
    for (const driver of this.#drivers) driver.pause(stream);
  }

  end(stream: StreamName): void {
    for (const driver of this.#drivers) driver.end(stream);
  }

  reopen(): void {
    for (const driver of this.#drivers) driver.reopen();
  }

  finish(): void {
    for (const driver of this.#drivers) driver.finish?.();
  }

  /** Does nothing with `--no-sync-log`. */
  sync(): void {
    if (this.#syncs) for (const driver of this.#drivers) driver.sync();
  }

  release(): void {
    for (const driver of this.#drivers) driver.release?.();
  }

  close(): void {
    for (const driver of this.#drivers) driver.close();
  }

  get hasRoom(): boolean {
    return this.#drivers.every(driver => driver.hasRoom);
  }

  waitBy(reactor: Reactor, onRoom: () => void): void {
    for (const driver of this.#drivers) driver.waitBy?.(reactor, onRoom);
  }
}
