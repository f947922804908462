// Options of calls that can't be right, found before anything is done. What is a path, an ID or a bundle is found where
// it is used.

import { checkDuration } from './durations.ts';
import { ArgumentError } from './errors.ts';
import { numberOfSignal } from './processes/signals.ts';
import type {
  CreateOptions,
  ExecSyncOptions,
  ExitCommand,
  LogDriver,
  StopOptions,
  WaitCondition,
} from './types.ts';

/** Throws {@link ArgumentError}. */
export function checkCreateOptions(options: CreateOptions): void {
  const { bundle, name, labels = {}, log, exitCommand, timeoutSeconds, stopSignal } = options;
  checkStrings('bundle', [bundle]);
  if (name !== undefined) checkStrings('name', [name]);
  checkStrings('labels', Object.entries(labels ?? {}).flat());
  for (const [what, words] of Object.entries({
    monitorArgs: options.monitorArgs,
    runtimeOpts: options.runtimeOpts,
  }))
    if (words !== undefined) checkStrings(what, words);
  if (log !== undefined) [log].flat().forEach(checkLog);
  if (exitCommand !== undefined && typeof exitCommand !== 'function') checkExitCommand(exitCommand);
  if (timeoutSeconds !== Number.POSITIVE_INFINITY) checkSeconds('timeoutSeconds', timeoutSeconds);
  checkSignal(stopSignal);
}

/** Throws {@link ArgumentError}. */
export function checkExitCommand(command: ExitCommand): void {
  if (typeof command !== 'object' || command === null)
    throw new ArgumentError('exitCommand: it is no object');
  checkStrings('exitCommand', [command.file, ...(command.args ?? [])]);
  checkSeconds('delaySeconds', command.delaySeconds);
}

function checkLog(log: LogDriver): void {
  if (typeof log !== 'object' || log === null || !drivers.has(log.driver))
    throw new ArgumentError(
      `log: ${JSON.stringify(log)} names none of the drivers ${[...drivers].join(', ')}`,
    );
  if ('path' in log && log.path !== undefined) checkStrings('log', [log.path]);
}

const drivers: ReadonlySet<unknown> = new Set(['k8s-file', 'journald', 'none']);

/** Throws {@link ArgumentError}. */
export function checkCondition(condition: WaitCondition): void {
  if (condition !== 'stopped' && condition !== 'exited')
    throw new ArgumentError(`${JSON.stringify(condition)} is neither 'stopped' nor 'exited'`);
}

/** Throws {@link ArgumentError}. */
export function checkStopOptions({ timeoutMs, stopSignal }: StopOptions): void {
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs);
  checkSignal(stopSignal);
}

/** Throws {@link ArgumentError}. */
export function checkExecOptions(options: ExecSyncOptions): void {
  const { args, env = [], cwd, user, timeoutMs, outputLimitBytes } = options;
  if (!Array.isArray(args) || args.length === 0 || args[0] === '')
    throw new ArgumentError('args: there is no program to run');
  checkStrings('args', args);
  checkStrings('env', env);
  const nameless = env.find(entry => entry.indexOf('=') < 1);
  if (nameless !== undefined) throw new ArgumentError(`env: ${JSON.stringify(nameless)} is not NAME=value`);
  if (cwd !== undefined && !cwd.startsWith('/')) throw new ArgumentError(`cwd: ${cwd} is no absolute path`);
  checkStrings('cwd', cwd === undefined ? [] : [cwd]);
  for (const number of user ? [user.uid, user.gid, ...(user.additionalGids ?? [])] : [])
    if (!Number.isInteger(number) || number < 0 || number > idMax)
      throw new ArgumentError(`user: ${number} is no user’s and no group’s number`);
  if (timeoutMs !== undefined) checkDuration('timeoutMs', timeoutMs);
  if (outputLimitBytes !== Number.POSITIVE_INFINITY) checkCount('outputLimitBytes', outputLimitBytes);
}

/** A signal by name or number, or 0, which asks only whether there is a process. Throws {@link ArgumentError}. */
export function checkSignal(signal: string | number | undefined): void {
  if (signal !== undefined && signal !== 0 && numberOfSignal(signal) === undefined)
    throw new ArgumentError(`${JSON.stringify(signal)} is no signal`);
}

/** The monitor counts in whole seconds, in a C int. Throws {@link ArgumentError}. */
function checkSeconds(what: string, seconds: number | undefined): void {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= secondsMax)) return;
  throw new ArgumentError(`${what}: ${seconds} is no whole number of seconds up to ${secondsMax}`);
}

function checkCount(what: string, count: number | undefined): void {
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0))
    throw new ArgumentError(`${what}: ${count} is no whole number from 0 on`);
}

function checkStrings(what: string, strings: readonly string[]): void {
  if (!Array.isArray(strings)) throw new ArgumentError(`${what}: it is no list of strings`);
  for (const string of strings)
    if (typeof string !== 'string' || string.includes('\0'))
      throw new ArgumentError(`${what}: ${JSON.stringify(string)} can’t be handed to a program`);
}

const secondsMax = 2 ** 31 - 1;

/** (uid_t)-1 is nobody's: system calls take it for "as it is". */
const idMax = 2 ** 32 - 2;

/** A value as JSON. Throws {@link ArgumentError} where it can't be written so. */
export function formatJson(what: string, value: object): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new ArgumentError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
