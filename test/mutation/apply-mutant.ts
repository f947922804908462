// Loaded before a test: gives it one source file with a change in it. Nothing is written to the disk.

import { registerHooks } from 'node:module';
import type { Mutant } from './mutants.ts';

const { url, start, end, replacement } = JSON.parse(process.env['MUTANT']!) as Mutant & {
  readonly url: string;
};

registerHooks({
  load(loaded, context, nextLoad) {
    const result = nextLoad(loaded, context);
    if (loaded !== url) return result;
    const source = Buffer.from(result.source as Uint8Array).toString();
    return { ...result, source: source.slice(0, start) + replacement + source.slice(end) };
  },
});
