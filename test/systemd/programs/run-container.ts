// Runs a container with the library, within the machine, from its creation to its end. Argument: JSON, see Running.
// Prints JSON, see Ran.

import { readFileSync } from 'node:fs';
import { Runtime } from '../../../src/manager/index.ts';
import { systemdScopes } from '../../../src/manager/systemd/index.ts';

export interface Running {
  readonly conmon: string;
  readonly runtime: string;
  readonly bundle: string;
}

export interface Ran {
  /** Cgroups, from the top of the machine's. */
  readonly monitorCgroup: string | undefined;
  readonly containerCgroup: string | undefined;
  readonly execExitCode: number | undefined;
  readonly exitCode: number | undefined;
}

const { conmon, runtime: file, bundle } = JSON.parse(process.argv[2]!) as Running;
const runtime = new Runtime({ conmon, runtime: file, root: '/tmp/state', placement: systemdScopes() });
await runtime.create('abc', { bundle, monitorArgs: ['--systemd-cgroup'] });
await runtime.start('abc');
const { pid, monitorPid } = await runtime.state('abc');
const cgroups = { monitorCgroup: readCgroup(monitorPid), containerCgroup: readCgroup(pid) };
const { exitCode: execExitCode } = await runtime.execSync('abc', { args: ['/bin/sh', '-c', 'exit 3'] });
const { exitCode } = await runtime.stop('abc');
await runtime.delete('abc');
console.log(JSON.stringify({ ...cgroups, execExitCode, exitCode } satisfies Ran));

function readCgroup(of: number | undefined): string | undefined {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${of}/cgroup`, 'utf8'))?.[1];
}
