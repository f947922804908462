// The programs that run for this process: they have process groups of their own, so a terminal's signals do not reach
// them, and what ends this process is to end them too.

import type { ChildProcess } from 'node:child_process';

const live = new Set<ChildProcess>();

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Ends the program with this process, until the returned function is called. */
export function noteProgram(child: ChildProcess): () => void {
  if (live.size === 0) listen();
  live.add(child);
  return () => {
    if (live.delete(child) && live.size === 0) unlisten();
  };
}

/** Kills a program that has not ended, and all of its process group. */
export function killGroup(child: ChildProcess): void {
  // Once the leader is reaped, the group's ID may be another's.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {} // gone already
}

function listen(): void {
  process.on('exit', killAll);
  for (const signal of endings) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', killAll);
  for (const signal of endings) process.off(signal, onSignal);
}

function killAll(): void {
  live.forEach(killGroup);
}

/** Who else listens decides what becomes of the process; where nobody does, it ends as it would without us. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  killAll();
  unlisten();
  process.kill(process.pid, signal);
}
