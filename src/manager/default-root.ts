// Where state is kept unless the caller says otherwise.

import { join } from 'node:path';
import { ArgumentError } from './errors.ts';

/** A directory that is gone after a restart, and nobody else's. Throws {@link ArgumentError} where a user has none. */
export function defaultRoot(environment: NodeJS.ProcessEnv, uid: number): string {
  if (uid === 0) return '/run/conmon-ts';
  const directory = environment['XDG_RUNTIME_DIR'];
  if (directory) return join(directory, 'conmon-ts');
  throw new ArgumentError('XDG_RUNTIME_DIR is not set: give `root` a directory of your own');
}
