// Where a benchmark was run, and with what.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Contenders } from './contenders.ts';

export interface Machine {
  readonly date: string;
  readonly processors: string;
  readonly memory: string;
  readonly kernel: string;
  readonly system: string;
  /** Processes that wanted to run, on average over the minute before. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine({ ours }: Contenders): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    processors: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: `Linux ${release()}`,
    system: readSystemName(),
    load: loadavg()[0]!,
    versions: {
      'conmon-ts': readVersion(ours.path),
      Podman: readVersion('podman'),
      runc: readVersion('runc'),
    },
  };
}

function readVersion(program: string): string {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8' });
    return /\d+\.\d+\.\d+\S*/.exec(text)?.[0] ?? text.trim();
  } catch {
    return 'not there';
  }
}

function readSystemName(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
