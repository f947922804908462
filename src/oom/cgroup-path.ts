// Where the memory controller of a process is, from /proc/PID/cgroup. Pure.

import { areDigits, areEqual, isDigit, split } from '../sys/bytes.ts';
import { utf8Bytes, utf8Text, utf8ValidLength } from '../sys/text.ts';

/** A directory of the cgroup file system; version 2 is the unified hierarchy. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/** Where systemd and everybody after it mount cgroup file systems. */
export const cgroupRoot = '/sys/fs/cgroup';

/**
 * Finds the process's memory cgroup in the content of /proc/PID/cgroup, whose lines are `ID:CONTROLLERS:PATH`.
 * A version 1 hierarchy with the memory controller wins: where there is one, version 2 does not have it. Lines
 * that are none are passed over.
 *
 * Undefined where there is none, where the process has been moved to the root (as a dead one is on version 1), for a
 * path that leads out of the mounted tree (`/..`, seen from inside a cgroup namespace), and for one that is not UTF-8.
 */
export function findMemoryCgroup(content: Uint8Array, root: string = cgroupRoot): MemoryCgroup | undefined {
  const entries = split(content, newline)
    .map(parseLine)
    .filter(entry => entry !== undefined);
  const v1 = entries.find(({ controllers }) => split(controllers, comma).some(isMemory));
  if (v1) return placeCgroup(1, `${root}/${utf8Text(v1.controllers)}`, v1.path);
  const v2 = entries.find(({ id, controllers }) => areEqual(id, unifiedId) && controllers.length === 0);
  return v2 && placeCgroup(2, root, v2.path);
}

const newline = 0x0a;
const colon = 0x3a;
const comma = 0x2c;
const slash = 0x2f;
const unifiedId = utf8Bytes('0');
const memory = utf8Bytes('memory');
const parent = utf8Bytes('..');
const rootPath = utf8Bytes('/');
/** What may be in the names of controllers, besides letters and digits. */
const controllerSigns = utf8Bytes('_=,.-');

interface Entry {
  readonly id: Uint8Array;
  readonly controllers: Uint8Array;
  readonly path: Uint8Array;
}

function parseLine(line: Uint8Array): Entry | undefined {
  const idEnd = line.indexOf(colon);
  const controllersEnd = line.indexOf(colon, idEnd + 1);
  if (idEnd < 0 || controllersEnd < 0) return undefined;
  const id = line.subarray(0, idEnd);
  const controllers = line.subarray(idEnd + 1, controllersEnd);
  const path = line.subarray(controllersEnd + 1);
  const isEntry = areDigits(id) && controllers.every(isOfController) && path[0] === slash;
  return isEntry ? { id, controllers, path } : undefined;
}

function isOfController(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(byte) || controllerSigns.includes(byte);
}

function isMemory(controller: Uint8Array): boolean {
  return areEqual(controller, memory);
}

function placeCgroup(version: 1 | 2, mount: string, path: Uint8Array): MemoryCgroup | undefined {
  if (areEqual(path, rootPath) || split(path, slash).some(name => areEqual(name, parent))) return undefined;
  if (utf8ValidLength(path) < path.length) return undefined; // its text would be another cgroup's path
  return { version, path: mount + utf8Text(path) };
}
