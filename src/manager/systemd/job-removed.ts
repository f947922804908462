// The signal with which systemd tells of a job's end: JobRemoved(u id, o job, s unit, s result) in
// org.freedesktop.systemd1(5).

import type { Message } from 'dbus-native';
import type { JobResult } from './scope-error.ts';

export const systemdName = 'org.freedesktop.systemd1';
export const managerPath = '/org/freedesktop/systemd1';
export const managerInterface = 'org.freedesktop.systemd1.Manager';

/** One job's end. */
export interface JobRemoved {
  /** Unique name of who says so, as the bus wrote it. */
  readonly sender: string;
  /** The job's object path: what StartTransientUnit has answered. */
  readonly job: string;
  readonly unit: string;
  readonly result: JobResult;
}

/** D-Bus Specification, "Message Protocol". */
const signalType = 4;

/** The match rule that lets these signals through for one unit, and from systemd only. What somebody sends to us alone
 * comes through without any rule: the sender still has to be compared. */
export function formatMatchRule(unit: string): string {
  return [
    "type='signal'",
    `sender='${systemdName}'`,
    `path='${managerPath}'`,
    `interface='${managerInterface}'`,
    "member='JobRemoved'",
    `arg2='${unit}'`,
  ].join(',');
}

/** Reads one; `undefined` for every other message, and for one that is not as it has to be. */
export function readJobRemoved(message: Message): JobRemoved | undefined {
  if (message.type !== signalType || message.member !== 'JobRemoved') return undefined;
  if (message.interface !== managerInterface || message.path !== managerPath) return undefined;
  if (message.signature !== 'uoss' || message.sender === undefined) return undefined;
  const [, job, unit, result] = message.body ?? [];
  if (typeof job !== 'string' || typeof unit !== 'string' || typeof result !== 'string') return undefined;
  return { sender: message.sender, job, unit, result };
}
