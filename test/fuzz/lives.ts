// What must be true of a life, whatever it was fed with.

import { existsSync, readFileSync } from 'node:fs';
import { SIGKILL, WNOHANG } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import type { SyncReport } from '../fixtures/caller.ts';
import { listChildren, type Monitored } from '../fixtures/monitored.ts';
import { waitForEnd } from '../fixtures/waiting.ts';
import { limitMs } from './fuzz.ts';

/** The status of every container here. */
export const containerStatus = 7;
/** What the exit file has where the status cannot be known. */
const unknownStatus = 255;
/** What ends a process by a signal, as a shell sees it. */
const signalled = 128;

export interface Life {
  readonly fault: string | undefined;
  /** undefined where the monitor refused, or could not be told where to report. */
  readonly report: SyncReport | undefined;
}

interface Following {
  /** False where the input may have taken the sync pipe away. */
  readonly reports?: boolean;
  /** The report, where it has been read. */
  readonly report?: SyncReport | undefined;
}

/** Follows a life to its end. */
export function follow(box: Monitored, { reports = true, report: early }: Following = {}): Life {
  const launched = box.caller.wait(limitMs);
  if (launched >= signalled) return { fault: `the launcher was ended by ${launched}`, report: undefined };
  const report = early ?? box.caller.readSync(limitMs);
  if (launched !== 0) {
    const isSaid = box.caller.stderr() !== '' || report !== undefined;
    return { fault: isSaid ? undefined : `launcher ${launched}, and no word why`, report };
  }
  const ended = box.end(limitMs);
  return { fault: findFault(box, report, ended, reports), report };
}

function findFault(
  box: Monitored,
  report: SyncReport | undefined,
  ended: number,
  reports: boolean,
): string | undefined {
  if (ended >= signalled && ended !== unknownStatus) return `the monitor was ended by ${ended}`;
  if (report === undefined) return reports ? 'no report' : undefined;
  if (report.value < 0) return report.message ? undefined : `no reason: ${report.line}`;
  if (!existsSync(box.exitFile)) return 'no exit file';
  const status = Number(readFileSync(box.exitFile, 'utf8'));
  return status === containerStatus || status === unknownStatus ? undefined : `exit status ${status}`;
}

/** Waits for every monitor that was left to us, or ends it where it `mayWait`. What ended one that should not have. */
export function reapMonitors(mayWait: boolean): string | undefined {
  const status = new Int32Array(1);
  let fault: string | undefined;
  for (const [pid, state, name] of listChildren()) {
    if (name !== 'conmon') continue;
    if (mayWait && state !== 'Z') sys.kill(pid, SIGKILL);
    waitForEnd(pid, limitMs);
    if (sys.waitpid(pid, status, WNOHANG) !== pid) continue;
    const signal = status[0]! & 0x7f;
    if (signal !== 0 && !(mayWait && signal === SIGKILL)) fault ??= `a monitor was ended by signal ${signal}`;
  }
  return fault;
}
