// A container's log: where it is, when it ends, and how to have it opened anew.

import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { requestLogReopen } from '../attach/control.ts';
import type { Context } from '../context.ts';
import { DirectoryWatch } from '../directory-watch.ts';
import { NotFoundError, StateError } from '../errors.ts';
import { waitForExit } from '../lifecycle/endings.ts';
import { within } from '../limits.ts';
import { findContainer } from '../state/find.ts';
import type { ContainerOptions } from '../types.ts';
import type { LogEntry } from './entries.ts';
import type { LogOptions } from './options.ts';
import { readLog } from './read-log.ts';

/** Opening a file is done in a moment; CRI-O waits for ever. */
const reopenTimeLimitMs = 10_000;

/** Reads a container's log; the exit file is written after the last of it. */
export async function* readContainerLog(
  context: Context,
  id: string,
  options: LogOptions & ContainerOptions,
): AsyncGenerator<LogEntry, void, undefined> {
  const { path, incarnation } = await findLog(context, id, options);
  if (!options.follow) return yield* readLog(path, options);
  const done = new AbortController();
  const ended = waitForExit(context, id, done.signal, { incarnation });
  ended.catch(() => {});
  try {
    yield* readLog(path, options, ended);
  } finally {
    done.abort();
  }
}

/** Has the log opened anew, and waits for the file to be another one. */
export async function reopenLog(context: Context, id: string, options: ContainerOptions): Promise<void> {
  const { path, bundle } = await findLog(context, id, options);
  const before = identify(path);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {}); // where the request fails first
  const look = () => {
    const now = identify(path);
    if (now !== undefined && now !== before) resolve();
  };
  const lookAgain = () => {
    try {
      look();
    } catch (error) {
      reject(error);
    }
  };
  const stop = new DirectoryWatch(dirname(path), { persistent: true }).listen(basename(path), lookAgain);
  try {
    await requestLogReopen(bundle, options);
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

async function findLog(
  context: Context,
  id: string,
  options: ContainerOptions,
): Promise<{ readonly path: string; readonly bundle: string; readonly incarnation: string }> {
  const container = await findContainer(context, id, options);
  if (!container) throw new NotFoundError(id, options.incarnation);
  const { logPath, bundle, incarnation } = container.config;
  if (logPath === null) throw new StateError(`container ${id} has no log file`);
  return { path: logPath, bundle, incarnation };
}

function identify(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
