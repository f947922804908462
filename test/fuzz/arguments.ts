// The command line: names, values, clusters, bytes of any kind, after the arguments of a sound one or alone.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { optionTable } from '../../src/options/table.ts';
import { type Caller, startConmon } from '../fixtures/caller.ts';
import { fixture, makeFolder, startMonitored } from '../fixtures/monitored.ts';
import { type Kind, limitMs } from './fuzz.ts';
import { bytes, size, withoutNul } from './inputs.ts';
import { containerStatus, reapMonitors } from './lives.ts';

const argumentBytesMax = 128 * 1024 - 1; // the kernel's MAX_ARG_STRLEN, with the NUL

const words = [
  '',
  '-',
  '--',
  'a',
  '.',
  '..',
  'a=b',
  '=',
  'NAME=value',
  '@abstract',
  'C',
  'é',
  '日本語',
  '💥',
  '\u{10ffff}',
];
words.push(
  'journald',
  'journald:',
  'none',
  'off',
  'null',
  ':',
  'k8s-file:',
  'k8s-file:other-log',
  'passthrough',
  'x:y:z',
);
words.push('debug', 'trace', 'warn', 'error');
const numbers = [
  '0',
  '1',
  '-1',
  '00',
  '+3',
  ' 5',
  '5 ',
  '0x10',
  '1e3',
  '',
  '2147483647',
  '2147483648',
  '-2147483649',
];
numbers.push('9223372036854775807', '9223372036854775808', '99999999999999999999');

// No slash: what is made is made in the folder of the test.
const slash = 0x2f;
const anyBytes = bytes(size(argumentBytesMax, 107, 108, 255, 256, 4095, 4096)).map(made =>
  Buffer.from(withoutNul(made).map(byte => (byte === slash ? 0x5f : byte))),
);

/** With these and without, a monitor goes on; with most others it refuses. */
const word = fc.constantFrom(...words).map(one => Buffer.from(one));
const number = fc.constantFrom(...numbers).map(one => Buffer.from(one));
const value = fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: anyBytes });

const option = fc
  .record({
    entry: fc.constantFrom(...optionTable),
    form: fc.constantFrom('apart', 'apart', 'joined', 'short', 'short joined'),
    value,
    number,
  })
  .map(({ entry, form, value: any, number }): Buffer[] => {
    const long = Buffer.from(`--${entry.long}`);
    const short = 'short' in entry ? Buffer.from(`-${entry.short}`) : undefined;
    if (entry.kind === 'flag') return [form.startsWith('short') ? (short ?? long) : long];
    const value = entry.kind.startsWith('int') ? number : any;
    if (form === 'joined') return [glue(long, Buffer.from('='), value)];
    if (form === 'short joined' && short && value.length > 0) return [glue(short, value)];
    return [form === 'short' ? (short ?? long) : long, value];
  });

/** What hardly ever is accepted. */
const oddity = fc.oneof(
  fc
    .tuple(fc.constantFrom(...optionTable), fc.nat(), value)
    .map(([entry, cut, value]) => [
      Buffer.from(`--${entry.long}`.slice(0, 2 + (cut % entry.long.length))),
      value,
    ]),
  fc.constantFrom(...optionTable).map(entry => [Buffer.from(`--${entry.long}`)]),
  fc
    .tuple(fc.constantFrom(...optionTable), value)
    .map(([entry, value]) => [glue(Buffer.from(`--${entry.long}=`), value)]),
  fc
    .array(
      fc.constantFrom(
        ...optionTable.flatMap(entry => ('short' in entry ? [entry.short] : [])),
        'h',
        '?',
        '-',
        'Z',
      ),
      {
        maxLength: 12,
      },
    )
    .map(letters => [Buffer.from(`-${letters.join('')}`)]),
  value.map(one => [one]),
);

/** One argument of several parts, as long as one may be. */
function glue(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts).subarray(0, argumentBytesMax);
}

interface CommandLine {
  /** Without the arguments of a sound one before them. */
  readonly isAlone: boolean;
  readonly args: readonly Buffer[];
}

export const argumentsKind: Kind<CommandLine> = {
  name: 'arguments',
  roundsPerSession: 40,
  input: fc
    .record({
      isAlone: fc.nat(4).map(number => number === 0),
      options: fc.array(option, { maxLength: 12 }),
      oddities: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 2, arbitrary: fc.array(oddity, { maxLength: 3 }) },
      ),
      at: fc.nat(12),
    })
    .map(({ isAlone, options, oddities, at }) => ({
      isAlone,
      args: [...options.slice(0, at), ...oddities, ...options.slice(at)].flat(),
    })),
  open: (t, conmon) => ({
    try({ isAlone, args }) {
      const folder = makeFolder(t, 'arguments');
      const [cwd, file] = [join(folder, 'cwd'), join(folder, 'arguments')];
      mkdirSync(cwd);
      writeFileSync(file, Buffer.concat(args.flatMap(arg => [arg, nul])));
      const before = [fixture('adds-arguments'), file];
      const caller = isAlone
        ? startConmon({ conmon: before[0]!, args: [file, conmon], cwd })
        : startMonitored(t, { conmon, before, container: `exit ${containerStatus}`, caller: { cwd } }).caller;
      if (isAlone) t.after(() => caller.remove());
      return findFault(caller, args);
    },
  }),
};

const nul = Buffer.alloc(1);

/** Any option may have come along: what must be true is little. */
function findFault(caller: Caller, args: readonly Buffer[]): string | undefined {
  const has = (...names: string[]) => args.some(arg => names.some(name => arg.includes(name)));
  const mayWait = has('exit-delay', 'exec-attach');
  // Where it stays with its caller it is the monitor that may wait.
  const launched = mayWait && has('sync') ? 0 : caller.wait(limitMs);
  const fault = reapMonitors(mayWait);
  if (fault !== undefined || mayWait) return fault;
  if (launched > signalledMin && launched !== unknownStatus) return `the launcher was ended by ${launched}`;
  const report = caller.readSync(limitMs);
  if (report !== undefined || caller.stderr() !== '' || caller.stdout() !== '') return undefined;
  return `launcher ${launched}, and no answer`;
}

const signalledMin = 128;
const unknownStatus = 255;
