// LISTEN_PID names the process that LISTEN_FDS are meant for (sd_listen_fds(3)). When that is the monitor, or the
// caller says so, it becomes the runtime, which hands the fds on to the container.

import { FatalError } from '../sys/errors.ts';

const name = 'LISTEN_PID=';
/** How much of a bad value a message shows, as conmon does. */
const shownCharactersMax = 10;

/** Whether the runtime is to find its own pid in LISTEN_PID. Throws a FatalError for a value that is no pid. */
export function replacesListenPid(variables: readonly string[], ownPid: number, always: boolean): boolean {
  const variable = variables.find(candidate => candidate.startsWith(name));
  if (variable === undefined) return false;
  const value = variable.slice(name.length);
  const pid = Number.parseInt(value, 10);
  if (!(pid > 0)) throw new FatalError(`Invalid LISTEN_PID ${value.slice(0, shownCharactersMax)}`);
  return always || pid === ownPid;
}

/** The variables with LISTEN_PID last, and without its value, which only the child can know. */
export function moveListenPidLast(variables: readonly string[]): string[] {
  return [...variables.filter(variable => !variable.startsWith(name)), name];
}
