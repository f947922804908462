// LISTEN_PID names the process that LISTEN_FDS are meant for (sd_listen_fds(3)). When that is the monitor, or the
// caller says so, it becomes the runtime, which hands the fds on to the container.

import { FatalError } from '../sys/errors.ts';

const name = 'LISTEN_PID=';
/** Room for the digits of any pid, as SpawnPlan.listenPid wants it. */
const digitsMax = 10;

/** `environ` as it is, or with LISTEN_PID at its end, to be filled in by the child. */
export function setListenPid(
  environ: Uint8Array,
  ownPid: number,
  replace: boolean,
): { environ: Uint8Array; listenPid: boolean } {
  const variables = splitEnviron(environ);
  const listenPid = variables.find(variable => variable.startsWith(name));
  if (listenPid === undefined) return { environ, listenPid: false };
  const value = listenPid.slice(name.length);
  const pid = Number.parseInt(value, 10);
  if (!(pid > 0)) throw new FatalError(`Invalid LISTEN_PID ${value.slice(0, 10)}`);
  if (!replace && pid !== ownPid) return { environ, listenPid: false };
  const others = variables.filter(variable => !variable.startsWith(name));
  const text = [...others, name].join('\0');
  const bytes = new Uint8Array(text.length + digitsMax);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return { environ: bytes, listenPid: true };
}

/** One character a byte: a variable may hold any. */
function splitEnviron(environ: Uint8Array): string[] {
  let text = '';
  for (const byte of environ) text += String.fromCharCode(byte);
  return text.split('\0').filter(variable => variable !== '');
}
