// The Sys of the running kernel. Our executable has it built in; Node.js loads it as an addon.

import { loadAddon } from './load-addon.ts';
import type { Sys } from './sys.ts';

/** There in our executable only. */
declare const conmonSys: Sys | undefined;

export const sys: Sys = typeof conmonSys === 'undefined' ? loadAddon() : conmonSys;
