// The addon of Node.js that the build makes of ./native and ./node-loop. Nothing in the environment decides what is loaded.

import type { NodeLoop } from './node-loop.ts';
import type { Sys } from './sys.ts';

/** What the addon has. One that was built for another version of this package may have less. */
export type Addon = Sys & { readonly nodeLoop?: NodeLoop };

/** Loads it from where the build puts it, which is the same for src/sys and for lib/sys, or from another path. Throws an
 * Error that says why it does not load, and how to get it. */
export function loadAddon(path = `${import.meta.dirname}/../../dist/sys.node`): Addon {
  const addon = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch (error) {
    // The loader's words name the file.
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`the addon does not load (${words}): \`npm run build\` in a checkout makes it`, {
      cause: error,
    });
  }
  return addon.exports as Addon;
}
