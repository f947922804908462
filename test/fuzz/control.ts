// What is written to the fifos ctl and winsz, in writes that end anywhere.

import { renameSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { O_CLOEXEC, O_NONBLOCK, O_WRONLY, SIGTERM } from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { startMonitored } from '../fixtures/monitored.ts';
import { must, waitForFile, waitUntil } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size } from './inputs.ts';

const lineBytesMax = 199;

const number = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '2',
    '24',
    '80',
    '1000',
    '1001',
    '-1',
    '+1',
    '',
    '007',
    '0x10',
    '1.5',
    '1e3',
    '99999999999999999999',
  ),
  fc.integer().map(String),
);
const space = fc.constantFrom(' ', '  ', '\t', '\v', '\f', '\r', '\0', '', ',');
const line = fc.oneof(
  fc
    .tuple(number, space, number, space, number, fc.constantFrom('', ' ', ' 5', 'x'))
    .map(parts => Buffer.from(parts.join(''))),
  bytes(size(70_000, lineBytesMax, 4096, 65_536)),
  size(1000, lineBytesMax).map(length => Buffer.from(`1 2 2${' '.repeat(length)}`)),
);

interface Writes {
  readonly name: 'ctl' | 'winsz';
  readonly lines: readonly Buffer[];
  /** Where a write ends and the next one begins, in thousandths of it all. */
  readonly cuts: readonly number[];
  /** The last line has no newline. */
  readonly isOpen: boolean;
}

export const controlKind: Kind<Writes> = {
  name: 'control lines',
  roundsPerSession: 300,
  input: fc.record({
    name: fc.constantFrom('ctl', 'winsz'),
    lines: fc.array(line, { maxLength: 12 }),
    cuts: fc.array(fc.nat(1000), { maxLength: 6 }),
    isOpen: fc.boolean(),
  }),
  open(t, conmon) {
    const box = startMonitored(t, { conmon, container: 'sleep 3600' });
    box.started();
    let count = 0;
    const write = (name: string, content: Uint8Array) => {
      const fd = must(
        sys.open(join(box.bundle, name), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0),
        `opening ${name}`,
      );
      for (let at = 0; at < content.length; ) {
        let written = -EAGAIN;
        const attempt = () => {
          written = sys.write(fd, content, at, content.length - at);
          return written !== -EAGAIN;
        };
        waitUntil(attempt, 'room', limitMs);
        at += must(written, `writing ${name}`);
      }
      sys.close(fd);
    };
    return {
      try({ name, lines, cuts, isOpen }) {
        const all = Buffer.concat(
          lines.flatMap((one, i) => [one, isOpen && i === lines.length - 1 ? empty : newline]),
        );
        const ends = [...cuts.map(cut => Math.floor((all.length * cut) / 1000)), all.length].sort(
          (a, b) => a - b,
        );
        for (let i = 0; i < ends.length; i++) write(name, all.subarray(ends[i - 1] ?? 0, ends[i]));
        // What is sound after it is done.
        renameSync(box.log, `${box.log}.${++count % 2}`);
        write('ctl', Buffer.from('\n2 0 0\n'));
        waitForFile(box.log, limitMs);
        return undefined;
      },
      end() {
        sys.kill(box.monitor, SIGTERM);
        const [status, ended] = [box.exitStatus(limitMs), box.end(limitMs)];
        return status === '143' && ended === 143
          ? undefined
          : `exit status ${status}, the monitor's ${ended}`;
      },
    };
  },
};

const newline = Buffer.from('\n');
const empty = Buffer.alloc(0);
