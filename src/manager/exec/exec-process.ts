// The `process` of a command in a container, as the runtime takes it: the container's own, with what is asked for.

import type { BundleConfig } from '../oci/bundle.ts';
import type { ExecOptions } from '../types.ts';

/** `process` of the OCI runtime specification. */
export function makeProcess(base: BundleConfig['process'], options: ExecOptions): object {
  const env = [...(Array.isArray(base['env']) ? base['env'] : []), ...(options.env ?? [])];
  return {
    ...base,
    consoleSize: undefined,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...options.process,
    args: options.args,
    env: keepLast(env.map(String)),
    terminal: options.terminal ?? false,
  };
}

/** Of several with one name, programs see the first or the last: so there is one. */
function keepLast(env: readonly string[]): string[] {
  return [...new Map(env.map(entry => [entry.split('=', 1)[0], entry])).values()];
}
