// The context in which calls for one container are made: its runtime is the one that the container was created with,
// whatever this Runtime would choose.

import type { Context } from './context.ts';
import type { RuntimeProgram } from './oci/oci-runtime.ts';

export function contextOf(context: Context, { runtime }: { readonly runtime: RuntimeProgram }): Context {
  return { ...context, runtime: context.runtime.as(runtime) };
}
