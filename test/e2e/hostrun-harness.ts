import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hangMs } from '../fixtures/waiting.ts';

export const hostrun = join(import.meta.dirname, '../../bin/hostrun');

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end. Its output goes through files: what it leaves running may hold them for longer. */
export function runHostrun(
  args: readonly string[],
  runtime = hostrun,
  extraFds: readonly number[] = [],
): Ended {
  const dir = mkdtempSync(join(tmpdir(), 'hostrun-output-'));
  const paths = ['stdout', 'stderr'].map(name => join(dir, name));
  const fds = paths.map(path => openSync(path, 'a'));
  try {
    const { status } = spawnSync(runtime, args, { stdio: ['ignore', ...fds, ...extraFds], timeout: hangMs });
    return { status, stdout: readFileSync(paths[0]!, 'utf8'), stderr: readFileSync(paths[1]!, 'utf8') };
  } finally {
    for (const fd of fds) closeSync(fd);
    rmSync(dir, { recursive: true });
  }
}
