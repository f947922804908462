// The smallest memory cgroup that runs a container from its start to its exit file. In a pod whose cgroup has its
// monitors too, as CRI-O can have it, this much of the pod's limit is the monitor's.

import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { O_RDWR } from '../../src/sys/constants.ts';
import { startConmon } from '../fixtures/caller.ts';
import { waitForEnd, waitUntil } from '../fixtures/waiting.ts';
import type { Workplace } from './bench-monitor.ts';
import { callerEnvironment, containerId, type Folders, makeFolders, podmanCreate } from './command-lines.ts';
import { inTurns } from './contenders.ts';
import type { Bench, Measurement } from './measure.ts';
import { MemoryCgroup } from './memory-cgroup.ts';
import { bytesPerMb } from './memory-samples.ts';
import { isAsleep } from './process-facts.ts';
import type { Sample } from './statistics.ts';

const stepBytes = 32 * 1024;
/** Nothing that a conmon does needs as much. */
const mostBytes = 1024 * 1024 * 1024;

export const measureCgroup: Measurement = {
  name: 'cgroup',
  async run(bench) {
    const missing = probeCgroup();
    if (missing !== undefined) {
      console.error(`the smallest memory cgroup is not measured: that needs ${missing}`);
      return [];
    }
    return [
      ...(await findSmallest(bench, 'file not cached', 6, evict)),
      ...(await findSmallest(bench, 'file cached', 3, (_workplace, path) => {
        readFileSync(path);
        return true;
      })),
    ];
  },
};

/** In words that complete "that needs …". */
export function probeCgroup(): string | undefined {
  if (process.getuid?.() !== 0) return 'root';
  const cgroup = MemoryCgroup.make();
  cgroup?.remove();
  return cgroup === undefined ? 'a memory controller whose cgroups root may make' : undefined;
}

/** Of copies on the disk, which nobody else has mapped: only those pages that nobody uses can be evicted. */
async function findSmallest(
  { contenders, workplace, isQuick }: Bench,
  when: string,
  megabytesMax: number,
  prepareFile: (workplace: Workplace, path: string) => boolean,
): Promise<Sample[]> {
  const name = `smallest memory cgroup, ${when}`;
  const directory = mkdtempSync(join(tmpdir(), 'conmon-ts-bench-'));
  const copy = join(directory, 'conmon');
  let isPrepared = true;
  try {
    const { size } = await inTurns(contenders, isQuick ? 1 : 3, async ({ path }) => {
      copyFileSync(path, copy);
      const bytes = bisect(limit => {
        isPrepared &&= prepareFile(workplace, copy);
        return runsWithin(limit, workplace, copy);
      });
      rmSync(copy);
      return { size: bytes / bytesPerMb };
    });
    if (isPrepared) return [{ name, unit: 'MB', ...size, limit: { kind: 'amount', atMost: megabytesMax } }];
    console.error(`${name}, is not measured: that needs a TMPDIR on a disk`);
    return [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The least number of bytes that is enough, to a step; from below, as too little is found out soonest. */
function bisect(isEnough: (bytes: number) => boolean): number {
  let tooLittle = 0;
  let enough = 8 * stepBytes;
  while (!isEnough(enough)) {
    tooLittle = enough;
    enough *= 2;
    if (enough > mostBytes) throw new Error(`${tooLittle} bytes are not enough`);
  }
  while (enough - tooLittle > stepBytes) {
    const between = (tooLittle + enough) / 2;
    if (isEnough(between)) enough = between;
    else tooLittle = between;
  }
  return enough;
}

/** Whether a container has run to its end, and nobody was killed for it. conmon is in the cgroup from its beginning, or
 * from its go, as with CRI-O; by then it has read its own pages. */
export function runsWithin(
  limitBytes: number,
  workplace: Workplace,
  conmon: string,
  from: 'beginning' | 'go' = 'go',
): boolean {
  const directory = mkdtempSync(join(workplace.directory, 'cgroup-'));
  const folders = makeFolders(directory);
  const cgroup = MemoryCgroup.make()!;
  const stdio = openSync('/dev/null', O_RDWR);
  cgroup.limit(limitBytes);
  const joining = ['-c', 'echo 0 >"$0"; exec "$@"', cgroup.processesFile];
  // Without orders the container ends as soon as it has begun.
  const line = [conmon, '--api-version', '1', ...podmanCreate(workplace.runtime, folders)];
  const [file = '', ...args] = from === 'go' ? line : ['/bin/sh', ...joining, ...line];
  const caller = startConmon({
    conmon: file,
    args,
    env: callerEnvironment,
    stdio: [stdio, stdio, stdio],
    startPipe: true,
  });
  closeSync(stdio);
  try {
    if (from === 'go') {
      waitUntil(() => isAsleep(caller.pid), 'conmon to wait for its go');
      cgroup.add(caller.pid);
    }
    caller.go();
    const report = caller.readSync();
    if (report === undefined || report.value <= 0) return false;
    waitForEnd(Number(readFileSync(folders.conmonPidFile, 'utf8')));
    return hasExited(folders) && cgroup.countKills() === 0;
  } catch (error) {
    if (isTooSlow(error)) return false;
    throw error;
  } finally {
    cgroup.remove();
    caller.wait();
    caller.remove();
    rmSync(directory, { recursive: true });
  }
}

function hasExited({ exits }: Folders): boolean {
  const file = join(exits, containerId);
  return existsSync(file) && readFileSync(file, 'utf8') === '0';
}

/** As waitReadable says it. */
function isTooSlow(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('waited ');
}

/** Has the pages of the executable read from the disk when it is started next; false where that cannot be. */
export function evict({ evict }: Workplace, path: string): boolean {
  try {
    execFileSync(evict, [path]);
    return true;
  } catch {
    return false;
  }
}
