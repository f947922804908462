// The caller's environment: names, values and entries that are neither, up to what the kernel takes.

import fc from 'fast-check';
import { startMonitored } from '../fixtures/monitored.ts';
import type { Kind } from './fuzz.ts';
import { bytes, size, withoutNul } from './inputs.ts';
import { containerStatus, follow } from './lives.ts';

const entryBytesMax = 128 * 1024 - 1; // the kernel's MAX_ARG_STRLEN, with the NUL
/** Beside our own; what the kernel takes in all is a quarter of the stack's limit, usually 2 MiB. */
const bytesMax = 1536 * 1024;

/** What the launcher or the monitor reads. */
const read = [
  '_OCI_SYNCPIPE',
  '_OCI_STARTPIPE',
  '_OCI_ATTACHPIPE',
  '_CONMON_HANDOFF',
  'CONMON_JOURNALD_PRIORITY',
  'TMPDIR',
];
read.push(
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'CHARSET',
  'TZ',
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
);

const values = [
  '',
  '0',
  '1',
  '2',
  '4',
  '-1',
  ' 4',
  '4 ',
  '+4',
  '04',
  '2147483647',
  '2147483648',
  '99999999999999999999',
];
values.push(
  'C',
  'C.UTF-8',
  'de_DE.ISO-8859-1@euro',
  '.',
  '@',
  'UTF-8',
  ':UTC',
  'UTC0',
  '<+05>-5',
  'A1B,M3.2.0,M11.1.0/26',
);
values.push('/etc/passwd', '/', 'prefix', 'stream');

const entry = fc.oneof(
  fc
    .tuple(fc.constantFrom(...read), fc.constantFrom(...values))
    .map(([name, value]) => Buffer.from(`${name}=${value}`)),
  fc
    .tuple(fc.constantFrom(...read), bytes(size(entryBytesMax - 40, 4096, 16384)))
    .map(([name, value]) => Buffer.concat([Buffer.from(`${name}=`), withoutNul(value)])),
  bytes(size(entryBytesMax, 4096, 16384)).map(withoutNul), // hardly ever with a `=`
  fc.string({ maxLength: 20 }).map(text => withoutNul(Buffer.from(text))),
);

export const environmentKind: Kind<readonly Buffer[]> = {
  name: 'environment',
  roundsPerSession: 40,
  input: fc.array(entry, { maxLength: 60 }).map(entries => {
    let left = bytesMax;
    return entries.filter(one => {
      left -= one.length + pointerBytes;
      return left > 0;
    });
  }),
  open: (t, conmon) => ({
    try(entries) {
      const environ = Buffer.concat(entries.flatMap(one => [one, nul]));
      const box = startMonitored(t, {
        conmon,
        container: `echo out; exit ${containerStatus}`,
        caller: { environ },
      });
      // The first of several is the one that counts, and it is not ours.
      const { fault, report } = follow(box, {
        reports: !entries.some(one => one.indexOf('_OCI_SYNCPIPE=') === 0),
      });
      if (fault !== undefined || report === undefined || report.value < 0) return fault;
      return box.output() === 'out\n'
        ? undefined
        : `the log has ${JSON.stringify(box.output().slice(0, 100))}`;
    },
  }),
};

const nul = Buffer.alloc(1);
const pointerBytes = 9; // and the NUL
