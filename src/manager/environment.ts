// The environment of the programs that the library starts. What the caller has in its own, secrets and sockets of its
// service manager among it, is nothing that a monitor, a runtime or a hook need see.

import { ArgumentError } from './errors.ts';

/** Variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** Where programs are, their scratch files and their user's directories; the zone of the log's times; and what our
 * monitor reads. */
const passedNames = ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'TMPDIR', 'TZ', 'CONMON_JOURNALD_PRIORITY'];

/** Asked by a runtime for its user's systemd. Root's runtimes ask the system's (Podman keeps it from them too). */
const userBusName = 'DBUS_SESSION_BUS_ADDRESS';

/** CRI-O's and Podman's default, for callers that have none. */
const standardPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the caller's environment passes on, and `added`, entries `NAME=value` of which the last of a name wins. Throws
 * {@link ArgumentError} where one is none, or names one of the pipes between library and monitor. */
export function makeEnvironment(
  caller: NodeJS.ProcessEnv,
  uid: number,
  added: readonly string[],
): Environment {
  const names = uid === 0 ? passedNames : [...passedNames, userBusName];
  const passed = names.flatMap(name => {
    const value = caller[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries([['PATH', standardPath], ...passed, ...added.map(parseVariable)]);
}

function parseVariable(entry: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=\0]+)=([^\0]*)$/.exec(entry) ?? [];
  if (name === undefined || value === undefined)
    throw new ArgumentError(`conmonEnv: ${JSON.stringify(entry)} is not of the form NAME=value`);
  if (name.startsWith('_OCI_'))
    throw new ArgumentError(`conmonEnv: ${name} is for the library to set: it names a pipe of the monitor's`);
  return [name, value];
}
