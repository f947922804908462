// A container whose creator died before it had written down what came of it.

import { contextOf } from '../container-context.ts';
import type { Context } from '../context.ts';
import { readIfThere } from '../files.ts';
import { findByArgument, listDescendants } from '../processes/processes.ts';
import type { Container } from '../state/container.ts';
import { makeCreatedRecord } from '../state/created-record.ts';
import { readExitFile } from '../state/exit-codes.ts';
import type { ContainerPaths } from '../state/layout.ts';
import { movePhase } from '../state/phase.ts';
import { writeRecord } from '../state/records.ts';
import { beginRemoval } from './removal.ts';
import { undoCreation } from './undo.ts';

/** Sees what came of a creation whose creator is gone: where a monitor watches over the container it is taken over, where
 * nothing came of it what is left is removed. False while it goes on under a monitor alone: the end of the start pipe is
 * a go. */
export async function recoverCreation(anyContext: Context, container: Container): Promise<boolean> {
  const { paths, phase, config, created } = container;
  const context = contextOf(anyContext, config);
  if (phase.name === 'creating') {
    const outcome = created ? 'created' : await judge(context, paths);
    if (outcome === 'goes on') return false;
    if (outcome === 'created') {
      await movePhase(paths, phase, { name: 'created', owner: undefined });
      return true;
    }
  }
  if (!(await beginRemoval(context, paths, phase))) return true;
  context.logger.warn({ id: config.id }, 'a creation that was broken off is undone');
  await undoCreation(context, { paths, config, isStarted: true });
  return true;
}

async function judge(context: Context, paths: ContainerPaths): Promise<'created' | 'failed' | 'goes on'> {
  // Looked for first: a monitor that is not there now can't have anything done after this.
  const monitors = findByArgument(paths.monitorPidfile);
  const pid = readPid(paths.pidfile);
  const monitorPid = readPid(paths.monitorPidfile) ?? 0;
  // A launcher has the same arguments, until it has written down which process is the monitor.
  if (monitors.length > 0 && (pid === undefined || !monitors.includes(monitorPid))) return 'goes on';
  if (monitors.length > 0 && runtimeIsBusy(monitorPid, pid)) return 'goes on';
  // A monitor that died with its creator (C conmon 2.1 does, of EPIPE) leaves a container whose output and end nobody
  // sees, and which nobody was told of.
  const watched = monitors.length > 0 || readExitFile(paths) !== undefined;
  if (pid === undefined || !watched) return monitors.length > 0 ? 'goes on' : 'failed';
  await adopt(context, paths, pid, monitorPid);
  return 'created';
}

/** True while the monitor has children beside the container: the runtime, whose end it waits for. */
function runtimeIsBusy(monitorPid: number, container: number | undefined): boolean {
  const known = new Set(container === undefined ? [] : [container, ...listDescendants(container)]);
  return listDescendants(monitorPid).some(pid => !known.has(pid));
}

async function adopt(
  context: Context,
  paths: ContainerPaths,
  pid: number,
  monitorPid: number,
): Promise<void> {
  const isWatched = findByArgument(paths.monitorPidfile).includes(monitorPid);
  await writeRecord(paths.created, makeCreatedRecord(pid, isWatched ? monitorPid : undefined));
  context.logger.info({ id: paths.id, pid, monitorPid }, 'a container whose creator died is taken over');
}

function readPid(path: string): number | undefined {
  const text = readIfThere(path)?.trim();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
