// What the runtime leaves and says: the pid file, its stderr, its end.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { encodeReport } from '../../src/parent/sync-report.ts';
import { parsePid, pidFileBytesMax } from '../../src/runtime/pid-file.ts';
import { runtimeWordsBytesMax } from '../../src/stdio/runtime-stderr.ts';
import { makeFolder, startMonitored } from '../fixtures/monitored.ts';
import type { Kind } from './fuzz.ts';
import { bytes, size } from './inputs.ts';
import { containerStatus, follow } from './lives.ts';

/** Numbers are those of no process: it could be waited for, or killed. */
const noPids = [
  '0',
  '-1',
  '-0',
  '+1',
  '0x1',
  '1e3',
  '4194305',
  '2147483647',
  '2147483648',
  '99999999999',
  '1.5',
];

const pidFile = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Buffer.from('PID')) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', ' ', '\n', '\t ', '\0', '+', '-', '0'),
        fc.constantFrom('PID', ...noPids),
        fc.constantFrom('', '\n', '\0', ' x', '\r\n'),
      )
      .map(parts => Buffer.from(parts.join(''))),
  },
  { weight: 1, arbitrary: size(200, pidFileBytesMax).map(length => Buffer.from(`PID${' '.repeat(length)}`)) },
  {
    weight: 1,
    arbitrary: bytes(size(100_000, pidFileBytesMax)).map(made =>
      Buffer.from(made.map(byte => (isDigit(byte) ? 0x78 : byte))),
    ),
  },
);

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

interface Runtime {
  readonly pidFile: Buffer | undefined;
  readonly stderr: Buffer;
  readonly status: number;
}

export const runtimeKind: Kind<Runtime> = {
  name: 'runtime: pid file and stderr',
  roundsPerSession: 40,
  input: fc.record({
    pidFile: fc.option(pidFile, { freq: 8, nil: undefined }),
    stderr: fc.oneof(
      bytes(size(300_000, 4000, 4096, runtimeWordsBytesMax, 65_536)),
      fc.string({ unit: 'binary', maxLength: 3000 }).map(text => Buffer.from(text)),
    ),
    status: fc.oneof(fc.constant(0), fc.constantFrom(1, 127, 255, -9, -15, -6)),
  }),
  open: (t, conmon) => ({
    try({ pidFile, stderr, status }) {
      const folder = makeFolder(t, 'runtime');
      const [pidFileContent, words] = [join(folder, 'pid-file'), join(folder, 'stderr')];
      writeFileSync(words, stderr);
      if (pidFile !== undefined) writeFileSync(pidFileContent, pidFile);
      const box = startMonitored(t, {
        conmon,
        runtime: 'runtime-says',
        container: `echo out; exit ${containerStatus}`,
        env: {
          RUNTIME_STDERR: words,
          RUNTIME_STATUS: String(status),
          ...(pidFile === undefined ? {} : { RUNTIME_PID_FILE: pidFileContent }),
        },
      });
      const { fault, report } = follow(box);
      if (fault !== undefined || report === undefined) return fault;
      const isNamed = pidFile !== undefined && parsePid(withPid(pidFile)) !== undefined;
      const isThere = isNamed && status === 0;
      if (report.value > 0 !== isThere)
        return `pid file and status should ${isThere ? '' : 'not '}do: ${report.line}`;
      if (!isThere) {
        const wanted = encodeReport('data', -1, stderr.subarray(0, runtimeWordsBytesMax));
        return stderr.length === 0 || report.line === Buffer.from(wanted).toString()
          ? undefined
          : `reported ${report.line.slice(0, 200)}`;
      }
      const logged = box.output('stderr');
      if (logged !== stderr.toString('latin1'))
        return `${stderr.length} bytes of stderr, ${logged.length} in the log`;
      return !pidFile.includes('PID') || box.output() === 'out\n'
        ? undefined
        : 'the output is not in the log';
    },
  }),
};

/** What the monitor reads of a pid file: its first bytes, `PID` in them being a pid of the most digits. */
function withPid(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1').replaceAll('PID', '4194304'), 'latin1').subarray(
    0,
    pidFileBytesMax,
  );
}
