// The Sys of the running kernel. Our executable has it built in; Node.js loads it as an N-API addon, which the build
// makes of ./native too. Nothing in the environment decides what is loaded.

import type { Sys } from './sys.ts';

/** There in our executable only. */
declare const conmonSys: Sys | undefined;

export const sys: Sys = typeof conmonSys === 'undefined' ? loadAddon() : conmonSys;

/** The folder is the same for src/sys and for lib/sys, which is compiled of it. */
function loadAddon(): Sys {
  const path = `${import.meta.dirname}/../../dist/sys.node`;
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
  return addon.exports as Sys;
}
