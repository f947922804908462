// The container's logs: as many drivers as the options name, behind one interface.

import { Refusal } from '../sys/errors.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import type { LogDriver, LogOptions, StreamName, Warn } from './driver.ts';
import { openJournald } from './journald.ts';
import type { JournaldOptions } from './journald-fields.ts';
import { openK8sFile } from './k8s-file.ts';
import { parseLogPath } from './log-path.ts';

export { headRoomBytes, type LogOptions } from './driver.ts';

export type Logs = Required<LogDriver> & {
  /** True when the container has the caller's own stdio, and nothing comes this way. */
  readonly passthrough: boolean;
};

/**
 * Opens the logs that `--log-path` names: files are there on return. Of several files only the last is one, as
 * with conmon.
 *
 * Throws a `Refusal` in conmon's words.
 */
export function openLogs(sys: Sys, options: LogOptions & JournaldOptions, warn: Warn): Logs {
  if (options.logPath.length === 0) throw new Refusal('Log driver not provided. Use --log-path');
  const targets = options.logPath.map(parseLogPath);
  let path: string | undefined;
  for (const target of targets) if (target.driver === 'k8s-file') path = target.path;
  const hasJournald = targets.some(target => target.driver === 'journald');
  const drivers: LogDriver[] = [];
  if (path !== undefined) drivers.push(openK8sFile(sys, path, options, warn));
  if (path !== undefined && !hasJournald) refuseJournaldOptions(options);
  if (hasJournald) drivers.push(openJournald(sys, options, warn));
  else if (options.noContainerPartialMessage)
    warn('--no-container-partial-message has no effect without journald log driver');
  return new AllLogs(
    drivers,
    targets.some(target => target.driver === 'passthrough'),
    !options.noSyncLog,
  );
}

function refuseJournaldOptions(options: LogOptions): void {
  if (options.logTag !== undefined) throw new Refusal("k8s-file doesn't support --log-tag");
  if (options.logLabel.length > 0) throw new Refusal("k8s-file doesn't support --log-label");
}

class AllLogs implements Logs {
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

  /** Does nothing with `--no-sync-log`. */
  sync(): void {
    if (this.#syncs) for (const driver of this.#drivers) driver.sync();
  }

  close(): void {
    for (const driver of this.#drivers) driver.close();
  }

  get hasRoom(): boolean {
    return this.#drivers.every(driver => driver.hasRoom ?? true);
  }

  waitBy(reactor: Reactor, onRoom: () => void): void {
    for (const driver of this.#drivers) driver.waitBy?.(reactor, onRoom);
  }
}
