// Asking systemd for a scope with a process in it. There is one question and two answers, and each of them may come
// early, late, twice or never: the reply to StartTransientUnit, which names a job, and the signal of that job's end.

import { ArgumentError, TimeLimitError } from '../errors.ts';
import { within } from '../limits.ts';
import type { CallOptions } from '../types.ts';
import type { BusLocation } from './bus-address.ts';
import { ScopeError } from './scope-error.ts';
import { isRefusal, SystemdManager } from './systemd-manager.ts';

/** What is asked for. */
export interface ScopeRequest {
  readonly bus: BusLocation;
  /** The scope's name, with its suffix. */
  readonly unit: string;
  /** The process that is moved, as systemd's PID namespace has it. */
  readonly pid: number;
  readonly description: string;
  readonly slice?: string | undefined;
  /** A signal's number. */
  readonly killSignal?: number | undefined;
}

/** `started`: systemd made the scope. `joined`: it was there, and the process is in it now. */
export type ScopeOutcome = 'started' | 'joined';

const unitExists = 'org.freedesktop.systemd1.UnitExists';

/** Starts a scope, or moves the process to the one that is there. Resolves when the process is in it. Rejects with
 * {@link ScopeError}, with {@link TimeLimitError} or with the signal's reason; its caller waits for nothing after that,
 * and a job that is still there, or that systemd names later, is cancelled. */
export async function startScope(request: ScopeRequest, limits: CallOptions): Promise<ScopeOutcome> {
  const { unit } = request;
  limits.signal?.throwIfAborted();
  const manager = await connect(request);
  const attempt: Attempt = { job: undefined, asked: undefined };
  try {
    return await within(startOrJoin(manager, request, attempt), limits, `starting ${unit}`);
  } catch (error) {
    if (attempt.job !== undefined) manager.cancelJob(attempt.job);
    if (error instanceof TimeLimitError || error === limits.signal?.reason) throw error;
    throw describe(unit, error);
  } finally {
    if (attempt.asked) void takeBack(manager, attempt.asked);
    else manager.close();
  }
}

/** How long a reply that comes late is waited for. A systemd that has hung this long is past caring. */
const lateReplyLimitMs = 60_000;

/** Cancels the job of a request that is given up while systemd has not named it. Nobody waits for this. */
async function takeBack(manager: SystemdManager, asked: Promise<unknown>): Promise<void> {
  manager.unref();
  const giveUp = setTimeout(() => manager.close(), lateReplyLimitMs).unref();
  const job = await asked.catch(() => undefined);
  clearTimeout(giveUp);
  if (typeof job === 'string') manager.cancelJob(job);
  manager.close();
}

interface Attempt {
  /** The job that is waited for. */
  job: string | undefined;
  /** The request that systemd has not replied to. */
  asked: Promise<unknown> | undefined;
}

async function connect({ bus, unit }: ScopeRequest): Promise<SystemdManager> {
  try {
    return await SystemdManager.connect(bus, unit);
  } catch (error) {
    throw new ArgumentError(`no D-Bus address: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

async function startOrJoin(
  manager: SystemdManager,
  request: ScopeRequest,
  attempt: Attempt,
): Promise<ScopeOutcome> {
  const { unit, pid } = request;
  await manager.watchJobs();
  if (await start(manager, request, attempt)) return 'started';
  // The unit exists. No job was made, so none will end: there is nothing to wait for but this call.
  try {
    await manager.call('AttachProcessesToUnit', 'ssau', [unit, '', [pid]]);
    return 'joined';
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // What takes no process has failed and was left lying, as older versions of systemd leave it.
    await manager.call('ResetFailedUnit', 's', [unit]).catch(ignoreRefusal);
    if (await start(manager, request, attempt)) return 'started';
    const words = `it exists and takes no more processes: ${error.message}`;
    throw new ScopeError(unit, { words, dbusName: unitExists, cause: error });
  }
}

/** False where there is a unit of this name. */
async function start(manager: SystemdManager, request: ScopeRequest, attempt: Attempt): Promise<boolean> {
  const { unit } = request;
  const properties = listProperties(request);
  attempt.asked = manager.call('StartTransientUnit', 'ssa(sv)a(sa(sv))', [unit, 'replace', properties, []]);
  const job = await attempt.asked.catch(error => {
    if (isRefusal(error) && error.dbusName === unitExists) return unitExists;
    throw error;
  });
  attempt.asked = undefined;
  if (job === unitExists) return false;
  if (typeof job !== 'string') throw new ScopeError(unit, { words: 'systemd named no job' });
  attempt.job = job;
  const result = await manager.waitForJob(job);
  attempt.job = undefined;
  if (result !== 'done') throw new ScopeError(unit, { words: `its job ended with "${result}"`, result });
  return true;
}

/** systemd.scope(5), systemd.resource-control(5); values are pairs of type and value. */
function listProperties(request: ScopeRequest): [string, [string, unknown]][] {
  const { slice, killSignal } = request;
  return [
    ['Description', ['s', request.description]],
    ['PIDs', ['au', [request.pid]]],
    // Only a scope that is delegated takes more processes later: the monitors of commands run in the container.
    ['Delegate', ['b', true]],
    // At shutdown the monitor outlives its container, and can record how that ended.
    ['DefaultDependencies', ['b', false]],
    // A scope that fails is forgotten, and not in the way of the next one.
    ['CollectMode', ['s', 'inactive-or-failed']],
    ...(slice === undefined ? [] : [['Slice', ['s', slice]] satisfies [string, [string, unknown]]]),
    ...(killSignal === undefined
      ? []
      : [['KillSignal', ['i', killSignal]] satisfies [string, [string, unknown]]]),
  ];
}

function ignoreRefusal(error: unknown): void {
  if (!isRefusal(error)) throw error;
}

function describe(unit: string, error: unknown): ScopeError {
  if (error instanceof ScopeError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return isRefusal(error)
    ? new ScopeError(unit, { words, dbusName: error.dbusName, cause: error })
    : new ScopeError(unit, { words, cause: error });
}
