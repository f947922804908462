// Why there is no container, in conmon's words, for a caller to whom the runtime itself has said nothing.

import { errorWords } from '../sys/errno.ts';

/** The runtime failed, it sent no terminal, or its pid file has no pid. */
export type RuntimeFailure =
  | { readonly kind: 'exit'; readonly exec: boolean; readonly exitStatus: number }
  | { readonly kind: 'no-terminal' }
  /** `errno` is that of reading the file, negative; 0 where it could be read. */
  | { readonly kind: 'no-pid'; readonly pidFile: string; readonly errno: number };

/** One line. */
export function describeRuntimeFailure(failure: RuntimeFailure): string {
  switch (failure.kind) {
    case 'exit':
      return `Failed to ${failure.exec ? 'exec in' : 'create'} container: exit status ${failure.exitStatus}`;
    case 'no-terminal':
      return 'Runtime did not set up terminal';
    case 'no-pid': {
      const why = failure.errno < 0 ? errorWords(failure.errno) : 'there is no pid in it';
      return `Failed to read pidfile: ${failure.pidFile}: ${why}`;
    }
  }
}
