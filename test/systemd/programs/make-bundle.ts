// Makes, within the machine, what containers are made of. Argument: JSON `{}`. Prints JSON, see Made.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBundle } from '../../fixtures/bundle.ts';
import { makeRootfs } from '../../podman/harness/machine.ts';

export interface Made {
  readonly bundle: string;
  /** crun, which writes down each of its calls first: the arguments, and its parent's cgroup. */
  readonly runtime: string;
  readonly calls: string;
}

const directory = '/tmp/bundle';
const calls = join(directory, 'calls');
const runtime = join(directory, 'crun');
makeBundle(directory, { args: ['/bin/sh', '-c', 'trap "exit 7" TERM; while :; do sleep 1; done'] });
await makeRootfs(join(directory, 'rootfs'));
const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
config.linux.cgroupsPath = 'system.slice:crun:abc';
writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
const script = `#!/bin/sh
echo "$(sed -n s/^0:://p /proc/$PPID/cgroup) $*" >> ${calls}
exec /usr/bin/crun "$@"
`;
mkdirSync(directory, { recursive: true });
writeFileSync(runtime, script, { mode: 0o755 });
console.log(JSON.stringify({ bundle: directory, runtime, calls } satisfies Made));
