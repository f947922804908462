// The addon as the library finds it.

import { existsSync } from 'node:fs';
import { type Addon, loadAddon } from '../../sys/load-addon.ts';
import { distFile, isBundled } from '../dist-files.ts';

let opened: Addon | undefined;

/** Throws an Error that says why there is none, and how to get it. */
export function openAddon(): Addon {
  if (opened) return opened;
  const path = distFile('sys.node');
  if (isBundled && !existsSync(path))
    throw new Error(`the addon is not beside the bundle: copy the package’s dist/sys.node to ${path}`);
  opened = loadAddon(path);
  return opened;
}
