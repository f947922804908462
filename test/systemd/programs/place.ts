// Places processes with systemdScopes, from within the machine, all at once. Argument: JSON, see Placing. Prints JSON:
// a Placed for each; processes that were placed are left to run.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type SystemdScopesOptions, systemdScopes } from '../../../src/manager/systemd/index.ts';

export interface Placing {
  readonly ids: readonly string[];
  readonly options?: SystemdScopesOptions;
  /** True to let each process end first. */
  readonly ended?: boolean;
}

export interface Placed {
  readonly pid: number;
  /** Where the process is, from the top of the machine's cgroups; undefined when it was not placed, or has ended. */
  readonly cgroup?: string;
  /** undefined when it was placed. */
  readonly failure?: Failure;
}

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly result?: string;
  readonly dbusName?: string;
}

const { ids, options, ended = false } = JSON.parse(process.argv[2]!) as Placing;
const place = systemdScopes(options);
console.log(JSON.stringify(await Promise.all(ids.map(placeOne))));

async function placeOne(id: string): Promise<Placed> {
  const child = spawn('sleep', ended ? ['0'] : ['1000'], { stdio: 'ignore', detached: true });
  if (ended) await once(child, 'exit');
  child.unref();
  const pid = child.pid!;
  const failure = await place({ pid, id, signal: new AbortController().signal }).then(
    () => undefined,
    describe,
  );
  // As a creation that failed does: the launcher has started nothing yet.
  if (failure) child.kill('SIGKILL');
  const cgroup = failure ? undefined : readCgroup(child);
  return { pid, ...(cgroup === undefined ? {} : { cgroup }), ...(failure ? { failure } : {}) };
}

function describe({ name, message, result, dbusName }: Failure): Failure {
  return { name, message, ...(result ? { result } : {}), ...(dbusName ? { dbusName } : {}) };
}

function readCgroup({ pid, exitCode }: ChildProcess): string | undefined {
  if (exitCode !== null) return undefined;
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
}
