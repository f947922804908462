// One `--log-path` and the driver that it means.

import { Refusal } from '../sys/errors.ts';

export type LogTarget =
  | { readonly driver: 'k8s-file'; readonly path: string }
  | { readonly driver: 'journald' | 'passthrough' | 'none' };

/**
 * Reads `[driver:]path`. Colons in front are skipped, and make a lone name a file's: `:none` is a file.
 * What follows the driver's colon is the path, colons and all; the drivers without a file ignore it.
 *
 * Throws a `Refusal` in conmon's words.
 */
export function parseLogPath(logPath: string): LogTarget {
  const start = skipColons(logPath, 0);
  const colon = logPath.indexOf(':', start);
  const driver = colon < 0 ? logPath.slice(start) : logPath.slice(start, colon);
  const path = colon < 0 ? '' : logPath.slice(skipColons(logPath, colon));
  if (driver === '') throw new Refusal('log-path must not be empty');
  if (path === '' && start > 0) return { driver: 'k8s-file', path: driver };
  switch (driver) {
    case 'off':
    case 'null':
    case 'none':
      return { driver: 'none' };
    case 'passthrough':
    case 'journald':
      return { driver };
    case 'k8s-file':
      if (path === '') throw new Refusal('k8s-file requires a filename');
      return { driver, path };
  }
  if (colon < 0) return { driver: 'k8s-file', path: driver };
  throw new Refusal(`No such log driver ${driver}`);
}

function skipColons(text: string, start: number): number {
  let at = start;
  while (text[at] === ':') at++;
  return at;
}
