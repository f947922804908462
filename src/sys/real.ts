// The Sys of the running kernel: the N-API addon of ./native, which is part of the launcher's file, so that the
// monitor has no third file to lose and no temporary copy to trust (docs/decisions/launcher.md).

import type { Sys } from './sys.ts';

const compiled = process.versions.bun !== undefined;
const launcher = compiled ? `${process.execPath}/../../conmon` : `${import.meta.dirname}/../../dist/conmon`;

export const sys: Sys = loadAddon(launcher.replace(/\/[^/]+\/\.\.\//g, '/'));

function loadAddon(path: string): Sys {
  const addon = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch (error) {
    // Without it there is no way to say anything but the engine's own, and no way to go on.
    console.error(`conmon: Failed to load ${path}: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
  return addon.exports as Sys;
}
