// What the container prints, as bytes in any pieces: to a log without limits, to one that is rotated and reopened
// meanwhile and must still have all of it, and to one that may lose some and must stay whole.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { O_CLOEXEC, O_NONBLOCK, O_WRONLY } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { fixture, joinRecords, makeFolder, startMonitored } from '../fixtures/monitored.ts';
import type { Kind } from './fuzz.ts';
import { bytes, size } from './inputs.ts';
import { containerStatus, follow } from './lives.ts';

const recordTextBytesMax = 8192;
const recordBytesMax = recordTextBytesMax + 46; // time, stream, tag, spaces, newline
const recordBytesMin = 46;
const filesMax = 9_999;

export interface Printed {
  readonly content: Buffer;
  /** Which stream the next so many bytes go to, and how long nothing is printed then. */
  readonly pieces: readonly { readonly fd: 1 | 2; readonly count: number; readonly waitMs: number }[];
}

/** Up to so many bytes; each may be a line. */
export function print(bytesMax: number): fc.Arbitrary<Printed> {
  return fc.record({
    content: bytes(size(bytesMax, recordTextBytesMax, 65_536, 262_144)),
    pieces: fc.array(
      fc.record({
        fd: fc.constantFrom(1, 2),
        count: size(bytesMax / 2, recordTextBytesMax, 32_768, 65_536),
        waitMs: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(5) }),
      }),
      { minLength: 1, maxLength: 30 },
    ),
  });
}

/** A shell line that prints it and ends. */
export function printer(t: TestContext, { content, pieces }: Printed): string {
  const folder = makeFolder(t, 'printed');
  const [bytesFile, piecesFile] = [join(folder, 'bytes'), join(folder, 'pieces')];
  writeFileSync(bytesFile, content);
  const lines = pieces.flatMap(({ fd, count, waitMs }) => [
    `${fd} ${count}`,
    ...(waitMs > 0 ? [`wait ${waitMs}`] : []),
  ]);
  writeFileSync(piecesFile, lines.join('\n'));
  return `${fixture('writes-in-pieces')} ${bytesFile} ${piecesFile}; exit ${containerStatus}`;
}

/** What of it goes to one stream. */
export function streamOf({ content, pieces }: Printed, fd: 1 | 2): Buffer {
  let at = 0;
  const parts = pieces.map(piece => {
    const part = content.subarray(at, at + piece.count);
    at += piece.count;
    return piece.fd === fd ? part : empty;
  });
  return Buffer.concat(parts);
}

const empty = Buffer.alloc(0);

interface Logged {
  readonly printed: Printed;
  readonly way: 'plain' | 'rotated' | 'emptied' | 'cut off';
  readonly sizeMax: number;
  readonly reopens: number;
}

export const logKind: Kind<Logged> = {
  name: 'log bytes',
  roundsPerSession: 30,
  input: fc.record({
    printed: print(400_000),
    way: fc.constantFrom('plain', 'rotated', 'emptied', 'cut off'),
    sizeMax: size(300_000, 46, 100, recordBytesMax, 65_536),
    reopens: fc.nat(8),
  }),
  open: (t, conmon) => ({
    try({ printed, way, sizeMax, reopens }) {
      // Each record may be a line of one byte; too many files are only slow.
      const files = { rotated: 40, emptied: 1000, plain: 1, 'cut off': 1 }[way];
      const sizeMin = Math.ceil((printed.content.length * recordBytesMin) / files);
      const limit = String(way === 'cut off' ? sizeMax : Math.max(sizeMax, sizeMin));
      const args = {
        plain: [],
        rotated: ['--log-rotate', '--log-max-files', String(filesMax), '--log-size-max', limit],
        emptied: ['--log-size-max', limit],
        'cut off': ['--log-global-size-max', limit],
      }[way];
      const box = startMonitored(t, { conmon, container: printer(t, printed), args });
      if (way === 'rotated' || way === 'emptied') for (let i = 0; i < reopens; i++) reopen(box.bundle);
      const { fault } = follow(box);
      if (fault !== undefined) return fault;
      const logs = listLogs(box.log);
      for (const log of logs) if (!isWhole(log)) return `${log} has a record that is none`;
      if (way === 'plain' || way === 'rotated') return findLoss(logs, printed);
      if (logs.length > 1) return `${logs.length} files`;
      const isTooLarge = statSync(box.log).size > Math.max(Number(limit), recordBytesMax);
      return way === 'emptied' && isTooLarge ? 'the log is too large' : undefined;
    },
  }),
};

/** As soon as there is somebody to tell. */
function reopen(bundle: string): void {
  const fd = sys.open(join(bundle, 'ctl'), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  if (fd < 0) return;
  sys.write(fd, command, 0, command.length);
  sys.close(fd);
}

const command = Buffer.from('2 0 0\n');

/** Oldest first. */
function listLogs(log: string): string[] {
  const numbers = readdirSync(join(log, '..')).map(name => Number(/^LOG\.(\d+)$/.exec(name)?.[1] ?? 0));
  const old = numbers.filter(number => number > 0).sort((a, b) => b - a);
  return [...old.map(number => `${log}.${number}`), log].filter(existsSync);
}

function isWhole(file: string): boolean {
  const lines = readFileSync(file, 'latin1').split('\n');
  return lines.pop() === '' && lines.every(line => record.test(line));
}

const record = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}[+-]\d\d:\d\d std(out|err) [PF] .{0,8192}$/s;

function findLoss(files: readonly string[], printed: Printed): string | undefined {
  const text = files.map(file => readFileSync(file, 'latin1')).join('');
  for (const [stream, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const [logged, wanted] = [joinRecords(text, stream), streamOf(printed, fd).toString('latin1')];
    if (logged !== wanted) return `${stream}: ${wanted.length} bytes, ${logged.length} in the log, or others`;
  }
  return undefined;
}
