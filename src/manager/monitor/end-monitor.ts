// Bringing monitors to their end, with all that is below them.

import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../limits.ts';
import {
  findByArgument,
  identifyProcess,
  isRunning,
  killNow,
  listDescendants,
} from '../processes/processes.ts';
import type { StartedMonitor } from './monitor-start.ts';
import type { SyncReply } from './sync-pipe.ts';

/** A runtime that does not answer is killed with all else below the monitor, until that has told its failure. Resolves
 * with its first reply, `undefined` where none comes. `argument` is one that only this monitor has. */
export async function killRuntime(argument: string, monitor: StartedMonitor): Promise<SyncReply | undefined> {
  const reply = monitor.firstReply.catch(() => undefined);
  let answered = false;
  void reply.then(() => {
    answered = true;
  });
  for (let waitedMs = 0; waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    await Promise.race([reply, sleep(lookAgainMs)]);
    if (answered) return reply;
    for (const pid of findByArgument(argument)) listDescendants(pid).forEach(killNow);
  }
  return undefined;
}

/** Waits for the monitor's end, which its pipe tells; one that does not come to it is killed with all that is below. */
export async function endMonitor(argument: string, monitor: StartedMonitor): Promise<void> {
  const grace = { timeLimitMs: lastActsMs };
  await within(readToEnd(monitor), grace, 'the last acts').catch(() => {
    for (const pid of findByArgument(argument)) [...listDescendants(pid), pid].forEach(killNow);
  });
  // Its pipe is closed a moment before it is gone.
  for (
    let waitedMs = 0;
    waitedMs < lastActsMs && findByArgument(argument).some(runs);
    waitedMs += lookAgainMs
  )
    await sleep(lookAgainMs);
}

/** The same for monitors whose pipes nobody holds any more. */
export async function endMonitors(argument: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < lastActsMs; waitedMs += lookAgainMs) {
    if (findByArgument(argument).length === 0) return;
    await sleep(lookAgainMs);
  }
  for (const pid of findByArgument(argument)) [...listDescendants(pid), pid].forEach(killNow);
}

/** How long a monitor has for its last acts before it is killed. */
const lastActsMs = 2_000;

/** What is killed may be making more meanwhile. */
const lookAgainMs = 20;

async function readToEnd(monitor: StartedMonitor): Promise<void> {
  while ((await monitor.nextReply().catch(() => undefined)) !== undefined);
}

function runs(pid: number): boolean {
  const identity = identifyProcess(pid);
  return identity !== undefined && isRunning(identity);
}
