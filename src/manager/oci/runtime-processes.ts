// Processes of the OCI runtime that are at work on one container, found by their arguments.

import { setTimeout as sleep } from 'node:timers/promises';
import { killNow, listCommands } from '../processes/processes.ts';
import type { RuntimeCommand } from './runtime-command.ts';

/** Sub-commands that change something. */
const changing = new Set(['create', 'start', 'kill', 'delete', 'exec', 'pause', 'resume', 'update']);

/** How often they are looked for: one that has been killed may have had a child just before. */
const looksMax = 100;
const lookAgainMs = 5;

/** Ends what a runtime does for the container `id`, whoever has called it: nobody waits for it any more. */
export async function endRuntimeCommands(runtime: RuntimeCommand, id: string): Promise<void> {
  for (let look = 0; look < looksMax; look++) {
    const found = listCommands().filter(({ args }) => isCommand(args, runtime, id));
    if (found.length === 0) return;
    for (const { pid } of found) killNow(pid);
    await sleep(lookAgainMs);
  }
}

/** A script that stands for a runtime has its interpreter, and its own path, in front. */
function isCommand(args: readonly string[], runtime: RuntimeCommand, id: string): boolean {
  if (args.at(-1) !== id) return false;
  const start = args.indexOf(runtime.file);
  const rest = args.slice(start + 1);
  return (
    start >= 0 &&
    runtime.args.every((word, index) => rest[index] === word) &&
    changing.has(rest[runtime.args.length] ?? '')
  );
}
