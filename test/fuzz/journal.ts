// What the container prints, to a journal that is the test's own. The messages of a stream, one after the other, are what
// it printed.

import fc from 'fast-check';
import { SOCK_CLOEXEC, SOCK_DGRAM } from '../../src/sys/constants.ts';
import { EAGAIN } from '../../src/sys/errno.ts';
import { readAll } from '../../src/sys/files.ts';
import { sys } from '../../src/sys/real.ts';
import { startMonitored } from '../fixtures/monitored.ts';
import { openPrivateMounts, withoutMounts } from '../fixtures/private-mounts.ts';
import { must, waitUntil } from '../fixtures/waiting.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { size } from './inputs.ts';
import { follow } from './lives.ts';
import { type Printed, print, printer, streamOf } from './log.ts';

const priorities = { stdout: '6', stderr: '3' };
/** Entries of two such labels are larger than a datagram: they go by a file. */
const labelBytesMax = 120_000;
const labelsBytesMax = 30_000_000;
const entryBytesMax = 1024 * 1024;
const printedBytesMax = 40_000;

interface Journaled {
  readonly printed: Printed;
  readonly labelBytes: number;
}

export const journalKind: Kind<Journaled> = {
  name: 'log bytes to the journal',
  skip: withoutMounts,
  roundsPerSession: 30,
  // Each line may be an entry, and each entry has the labels.
  input: fc
    .record({ printed: print(printedBytesMax), labelBytes: size(labelBytesMax) })
    .map(({ printed, labelBytes }) => ({
      printed,
      labelBytes: Math.min(labelBytes, Math.floor(labelsBytesMax / (1 + printed.content.length))),
    })),
  open(t, conmon) {
    const mounts = openPrivateMounts(
      t,
      'mkdir -p /run/systemd; mount -t tmpfs none /run/systemd; mkdir /run/systemd/journal',
    );
    const fd = must(sys.socket(SOCK_DGRAM | SOCK_CLOEXEC), 'socket');
    must(sys.bind(fd, mounts.at('/run/systemd/journal/socket')), 'bind');
    t.after(() => sys.close(fd));
    return {
      try({ printed, labelBytes }) {
        const label = 'x'.repeat(labelBytes);
        const box = startMonitored(t, {
          conmon,
          mounts,
          container: printer(t, printed),
          cid: 'container-with-a-journal', // over 12 characters
          log: 'journald:',
          args: ['--log-label', `A=${label}`, '--log-label', `B=${label}`],
        });
        const entries: Buffer[] = [];
        const isOver = () => {
          for (let entry = receive(fd); entry; entry = receive(fd)) entries.push(entry);
          return sys.access(box.exitFile, 0) === 0;
        };
        waitUntil(isOver, 'the end', limitMs);
        const { fault } = follow(box);
        isOver();
        mounts.readSyslog();
        if (fault !== undefined) return fault;
        for (const [stream, of] of [
          ['stdout', 1],
          ['stderr', 2],
        ] as const) {
          const fields = entries
            .map(parseEntry)
            .filter(entry => entry.get('PRIORITY') === priorities[stream]);
          if (fields.some(entry => entry.get('A') !== label)) return 'a label is another one';
          const [logged, wanted] = [
            fields.map(entry => entry.get('MESSAGE')).join(''),
            streamOf(printed, of).toString('latin1'),
          ];
          if (logged !== wanted)
            return `${stream}: ${wanted.length} bytes, ${logged.length} in the journal, or others`;
        }
        return undefined;
      },
    };
  },
};

const buffer = Buffer.alloc(entryBytesMax);

/** A datagram, or the file that one brings. */
function receive(fd: number): Buffer | undefined {
  const file = new Int32Array(1);
  const count = sys.recvFd(fd, buffer, file);
  if (count === -EAGAIN) return undefined;
  must(count, 'recv');
  if (file[0]! < 0) return Buffer.from(buffer.subarray(0, count));
  const fromStart = must(sys.open(`/proc/self/fd/${file[0]}`, 0, 0), 'open');
  const content = readAll(sys, fromStart, entryBytesMax);
  for (const fd of [fromStart, file[0]!]) sys.close(fd);
  if (typeof content === 'number') throw new Error(`reading an entry: ${content}`);
  return Buffer.from(content);
}

/** The journal's native protocol: `NAME=value`, or `NAME`, a length and as many bytes. Throws where it is broken. */
function parseEntry(entry: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < entry.length; ) {
    const end = entry.indexOf('\n', at);
    if (end < 0) throw new Error('an entry ends within a field');
    const equals = entry.subarray(at, end).indexOf('=');
    if (equals >= 0) {
      fields.set(entry.toString('latin1', at, at + equals), entry.toString('latin1', at + equals + 1, end));
      at = end + 1;
      continue;
    }
    const length = Number(entry.readBigUInt64LE(end + 1));
    const start = end + 9;
    if (entry[start + length] !== 0x0a) throw new Error('a field of another length');
    fields.set(entry.toString('latin1', at, end), entry.toString('latin1', start, start + length));
    at = start + length + 1;
  }
  return fields;
}
