// A memory cgroup with a limit, of version 1 or 2, for processes that may well be killed for it.

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIGKILL } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { waitForEnd, waitUntil } from '../fixtures/waiting.ts';

/** How the two versions name the same things. */
interface Hierarchy {
  readonly root: string;
  readonly limit: string;
  /** The limit to memory and swap in version 1, to swap alone in version 2; absent where the kernel has neither. */
  readonly swap: { readonly file: string; readonly includesMemory: boolean };
  /** The file with a line `oom_kill N`. */
  readonly events: string;
}

const version1: Hierarchy = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  swap: { file: 'memory.memsw.limit_in_bytes', includesMemory: true },
  events: 'memory.oom_control',
};
const version2: Hierarchy = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  swap: { file: 'memory.swap.max', includesMemory: false },
  events: 'memory.events',
};

let count = 0;

export class MemoryCgroup {
  readonly #hierarchy: Hierarchy;
  readonly #directory: string;

  private constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy;
    this.#directory = join(hierarchy.root, `conmon-ts-bench-${process.pid}-${++count}`);
    mkdirSync(this.#directory);
  }

  /** Undefined where none can be made. */
  static make(): MemoryCgroup | undefined {
    for (const hierarchy of [version1, version2]) {
      let cgroup: MemoryCgroup | undefined;
      try {
        cgroup = new MemoryCgroup(hierarchy);
        cgroup.#read(hierarchy.limit);
        return cgroup;
      } catch {
        cgroup?.remove();
      }
    }
    return undefined;
  }

  limit(bytes: number): void {
    const { limit, swap } = this.#hierarchy;
    this.#write(limit, bytes);
    try {
      this.#write(swap.file, swap.includesMemory ? bytes : 0);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** Who writes its pid there, or 0, is in it. */
  get processesFile(): string {
    return join(this.#directory, 'cgroup.procs');
  }

  add(pid: number): void {
    this.#write('cgroup.procs', pid);
  }

  /** How many processes were killed for the limit. */
  countKills(): number {
    return Number(/^oom_kill (\d+)/m.exec(this.#read(this.#hierarchy.events))?.[1]);
  }

  /** With all that is still in it. */
  remove(): void {
    for (const pid of this.#read('cgroup.procs').split('\n').filter(Boolean).map(Number)) {
      sys.kill(pid, SIGKILL);
      waitForEnd(pid);
    }
    // A process that has ended may be in it for a moment more.
    waitUntil(() => this.#isRemoved(), `the end of ${this.#directory}`);
  }

  #isRemoved(): boolean {
    try {
      rmdirSync(this.#directory);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
      throw error;
    }
  }

  #read(name: string): string {
    return readFileSync(join(this.#directory, name), 'latin1');
  }

  #write(name: string, value: number): void {
    writeFileSync(join(this.#directory, name), String(value));
  }
}

function isMissing(error: unknown): boolean {
  // A file of cgroups cannot be made, so one that is not there cannot be opened for it either.
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES');
}
