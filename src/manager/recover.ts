// A container whose creator died before it had written down what came of it.

import type { Context } from './context.ts';
import { readExitFile } from './exit-codes.ts';
import { readIfThere } from './files.ts';
import type { ContainerPaths } from './layout.ts';
import { findByArgument, identifyProcess, isRunning, listDescendants } from './processes.ts';
import { type ConfigRecord, type CreatedRecord, readCreated, readDeleting, writeRecord } from './records.ts';
import { undoCreation } from './undo.ts';

/** What came of a creation: the record where it succeeded; `creating` while it goes on, under its creator or, the end
 * of the start pipe being a go, under a monitor alone; `failed` where nothing came of it, and nothing is left now. */
export async function recoverCreation(
  context: Context,
  paths: ContainerPaths,
  config: ConfigRecord,
): Promise<CreatedRecord | 'creating' | 'failed'> {
  if (context.undoing.has(config.id) || isRunning(config.creator)) return readCreated(paths) ?? 'creating';
  // Looked for first: a monitor that is not there now can't have anything done after this.
  const monitors = findByArgument(paths.monitorPidfile);
  const created = readCreated(paths);
  if (created) return created;
  const pid = readPid(paths.pidfile);
  const monitorPid = readPid(paths.monitorPidfile) ?? 0;
  // A launcher has the same arguments, until it has written down which process is the monitor.
  if (monitors.length > 0 && (pid === undefined || !monitors.includes(monitorPid))) return 'creating';
  if (monitors.length > 0 && runtimeIsBusy(monitorPid, pid)) return 'creating';
  // A monitor that died with its creator (C conmon 2.1 does, of EPIPE) leaves a container whose output and end nobody
  // sees, and which nobody was told of.
  const watched = monitors.length > 0 || readExitFile(paths) !== undefined;
  if (pid !== undefined && watched && !readDeleting(paths))
    return adopt(context, paths, config, pid, monitorPid);
  if (monitors.length > 0) return 'creating';
  context.logger.warn({ id: config.id }, 'a creation that was broken off is undone');
  await undoCreation(context, config.id, paths, undefined);
  return 'failed';
}

/** True while the monitor has children beside the container: the runtime, whose end it waits for. */
function runtimeIsBusy(monitorPid: number, container: number | undefined): boolean {
  const known = new Set(container === undefined ? [] : [container, ...listDescendants(container)]);
  return listDescendants(monitorPid).some(pid => !known.has(pid));
}

async function adopt(
  context: Context,
  paths: ContainerPaths,
  config: ConfigRecord,
  pid: number,
  monitorPid: number,
): Promise<CreatedRecord> {
  const record: CreatedRecord = {
    pid,
    process: identifyProcess(pid) ?? null,
    monitor: findByArgument(paths.monitorPidfile).includes(monitorPid)
      ? (identifyProcess(monitorPid) ?? null)
      : null,
  };
  await writeRecord(paths.created, record);
  context.logger.info({ id: config.id, pid, monitorPid }, 'a container whose creator died is taken over');
  return record;
}

function readPid(path: string): number | undefined {
  const text = readIfThere(path)?.trim();
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
