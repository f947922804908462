// What an exec costs in processor time: launcher and monitor, without the runtime and the process that it starts.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { O_RDWR, PR_SET_CHILD_SUBREAPER } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { type Caller, reap, type StartOptions, startConmon } from '../fixtures/caller.ts';
import { must, waitForEnd } from '../fixtures/waiting.ts';
import type { Conmon } from '../podman/harness/conmons.ts';
import type { Workplace } from './bench-monitor.ts';
import {
  callCleanup,
  callerEnvironment,
  crioExecSync,
  type Folders,
  makeFolders,
  podmanExec,
} from './command-lines.ts';
import { inTurns } from './contenders.ts';
import type { Measurement } from './measure.ts';
import { readCpuSeconds } from './process-facts.ts';

const probesPerSecond = 20;
const probeSeconds = 2;

export const measureExec: Measurement = {
  name: 'exec',
  async run({ contenders, workplace, isQuick }) {
    // A monitor has left its launcher: only as its new parent are we sure to see how much it used in the end.
    must(sys.prctl(PR_SET_CHILD_SUBREAPER, 1), 'prctl');
    try {
      const { cpu } = await inTurns(contenders, isQuick ? 10 : 40, async conmon => ({
        cpu: 1000 * execLikePodman(workplace, conmon),
      }));
      return [
        {
          name: 'CPU of one exec, launcher and monitor',
          unit: 'ms',
          ...cpu,
          limit: { kind: 'times', atMost: 1 },
        },
      ];
    } finally {
      must(sys.prctl(PR_SET_CHILD_SUBREAPER, 0), 'prctl');
    }
  },
};

export const measureProbes: Measurement = {
  name: 'probes',
  async run({ contenders, workplace, isQuick }) {
    const { percent } = await inTurns(contenders, isQuick ? 1 : 3, async conmon => {
      let cpuSeconds = 0;
      const start = performance.now();
      for (let i = 1; i <= probeSeconds * probesPerSecond; i++) {
        cpuSeconds += execLikeCrio(workplace, conmon);
        await delay(Math.max(0, start + (1000 * i) / probesPerSecond - performance.now()));
      }
      return { percent: (100 * cpuSeconds) / probeSeconds };
    });
    return [{ name: `exec probes, ${probesPerSecond} a second, of one processor`, unit: '%', ...percent }];
  },
};

/** Returns the processor seconds of launcher and monitor. */
function execLikePodman(workplace: Workplace, conmon: Conmon): number {
  const options = { apiVersion: true, attachPipe: true } as const;
  const args = (folders: Folders) => [...podmanExec(workplace.runtime, folders), ...callCleanup];
  return runExec(workplace, conmon, options, args, (caller, { conmonPidFile }) => {
    caller.readAttach();
    caller.go();
    assertReport(conmon, caller, value => value > 0);
    const launcherSeconds = awaitCpuSeconds(caller.pid);
    const status = caller.wait();
    if (status !== 0) throw new Error(`${conmon.path} ends with ${status}`);
    const pid = Number(readFileSync(conmonPidFile, 'utf8'));
    assertReport(conmon, caller, value => value === 0);
    const monitorSeconds = awaitCpuSeconds(pid);
    reap(pid);
    return launcherSeconds + monitorSeconds;
  });
}

/** With --sync there is one process for both. */
function execLikeCrio(workplace: Workplace, conmon: Conmon): number {
  const args = (folders: Folders) => crioExecSync(workplace.runtime, folders);
  return runExec(workplace, conmon, {}, args, caller => {
    assertReport(conmon, caller, value => value === 0);
    const seconds = awaitCpuSeconds(caller.pid);
    caller.wait();
    return seconds;
  });
}

function runExec(
  workplace: Workplace,
  conmon: Conmon,
  options: Partial<StartOptions>,
  args: (folders: Folders) => string[],
  follow: (caller: Caller, folders: Folders) => number,
): number {
  const directory = mkdtempSync(join(workplace.directory, 'exec-'));
  const folders = makeFolders(directory);
  const stdio = openSync('/dev/null', O_RDWR);
  const caller = startConmon({
    conmon: conmon.path,
    args: args(folders),
    env: callerEnvironment,
    stdio: [stdio, stdio, 2],
    startPipe: true,
    ...options,
  });
  closeSync(stdio);
  try {
    caller.go();
    return follow(caller, folders);
  } finally {
    caller.remove();
    rmSync(directory, { recursive: true });
  }
}

function assertReport(conmon: Conmon, caller: Caller, isGood: (value: number) => boolean): void {
  const report = caller.readSync();
  if (report === undefined || !isGood(report.value))
    throw new Error(`${conmon.path} answers an exec with ${report?.line ?? 'nothing'}`);
}

/** What a child of ours has used when it ends; it is still to be reaped then. */
function awaitCpuSeconds(pid: number): number {
  waitForEnd(pid);
  return readCpuSeconds(pid);
}
