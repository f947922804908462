// A container's log: where it is, when it ends, and how to have it opened anew.

import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Context, pathsOf } from './context.ts';
import { requestLogReopen } from './control.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { waitForExitFile } from './endings.ts';
import { NotFoundError, StateError } from './errors.ts';
import { within } from './limits.ts';
import type { LogEntry } from './logs/entries.ts';
import { type LogOptions, readLog } from './logs/read-log.ts';
import { type ConfigRecord, readConfig } from './records.ts';
import type { CallOptions } from './types.ts';

/** Opening a file is done in a moment; CRI-O waits for ever. */
const reopenTimeLimitMs = 10_000;

/** Reads a container's log; the exit file is written after the last of it. */
export async function* readContainerLog(
  context: Context,
  id: string,
  options: LogOptions,
): AsyncGenerator<LogEntry, void, undefined> {
  const { path } = findLog(context, id);
  if (!options.follow) return yield* readLog(path, options);
  const done = new AbortController();
  const ended = waitForExitFile(context, id, done.signal);
  ended.catch(() => {});
  try {
    yield* readLog(path, options, ended);
  } finally {
    done.abort();
  }
}

/** Has the log opened anew, and waits for the file to be another one. */
export async function reopenLog(context: Context, id: string, options: CallOptions): Promise<void> {
  const { path, config } = findLog(context, id);
  const before = identify(path);
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => {
    const now = identify(path);
    if (now !== undefined && now !== before) resolve();
  };
  const stop = new DirectoryWatch(dirname(path), { persistent: true }).listen(basename(path), look);
  try {
    await requestLogReopen(config.bundle);
    look();
    await within(
      promise,
      { timeLimitMs: reopenTimeLimitMs, ...options },
      `reopening the log of container ${id}`,
    );
  } finally {
    stop();
  }
}

function findLog(context: Context, id: string): { readonly path: string; readonly config: ConfigRecord } {
  const config = readConfig(pathsOf(context, id));
  if (!config) throw new NotFoundError(id);
  if (config.logPath === null) throw new StateError(`container ${id} has no log file`);
  return { path: config.logPath, config };
}

function identify(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
