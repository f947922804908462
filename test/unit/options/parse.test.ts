import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseArguments, splitCmdline } from '../../../src/options/parse.ts';
import { UsageRefusal } from '../../../src/options/refusal.ts';
import { type OptionEntry, optionTable } from '../../../src/options/table.ts';
import type { NameOf } from '../../../src/options/values.ts';
import { type Args, bytes, encode, parse, refusalOf } from './command-line.ts';

const ff = Uint8Array.of(0xff);

function refused(args: Args): string {
  const refusal = refusalOf(() => parse(args));
  assert.ok(refusal instanceof UsageRefusal);
  return refusal.message;
}

test('O1 parse: a value is the next argument, even one that looks like an option', () => {
  assert.equal(parse(['--name', 'n']).string('name'), 'n');
  assert.equal(parse(['--name', '--sync']).string('name'), '--sync');
  assert.equal(parse(['--name', '--sync']).flag('sync'), false);
  assert.equal(parse(['--name', '--']).string('name'), '--');
  assert.equal(parse(['-n', '--help']).string('name'), '--help');
});

test('O1 parse: a value may follow an equals sign, which ends at the first', () => {
  assert.equal(parse(['--name=n']).string('name'), 'n');
  assert.equal(parse(['--name=']).string('name'), '');
  assert.equal(parse(['--name==a=b']).string('name'), '=a=b');
  assert.equal(parse(['--timeout=7']).integer('timeout'), 7);
  assert.deepEqual(parse(['--runtime-arg=--log-format=json']).strings('runtime-arg'), ['--log-format=json']);
});

test('O2 parse: a flag takes nothing from the next argument', () => {
  const values = parse(['--api-version', '1', '--sync', 'no', '-c', 'id']);
  assert.equal(values.flag('api-version'), true);
  assert.equal(values.flag('sync'), true);
  assert.equal(values.string('cid'), 'id');
});

test('O2 parse: what follows the equals sign of a flag is passed over', () => {
  assert.equal(parse(['--sync=no']).flag('sync'), true);
  assert.equal(parse(['--sync=']).flag('sync'), true);
});

test('O3 parse: letters may share one dash, and one of them takes the next argument', () => {
  for (const cluster of ['-tic', '-tci', '-cti']) {
    const values = parse([cluster, 'id', '-e']);
    assert.ok(values.flag('terminal') && values.flag('stdin') && values.flag('exec'), cluster);
    assert.equal(values.string('cid'), 'id');
  }
  assert.equal(parse(['-T', '5']).integer('timeout'), 5);
  assert.equal(parse(['-0', '/p']).string('persist-dir'), '/p');
});

test('O3 parse: two letters with values cannot share a dash, nor a letter its value', () => {
  assert.equal(refused(['-cu', 'id', 'uuid']), 'option parsing failed: Error parsing option -u');
  assert.equal(refused(['-T5']), 'option parsing failed: Missing argument for -T');
});

test('O4 parse: arguments that are no options are passed over, and all after two dashes', () => {
  const values = parse(['a', '-', '', '-c', 'id', 'b', '--', '--sync', '-Q', '--nope']);
  assert.equal(values.string('cid'), 'id');
  assert.equal(values.flag('sync'), false);
});

test('O5 parse: the last of several values counts', () => {
  const values = parse(['-c', 'a', '--timeout', '1', '--cid=b', '-T', '2']);
  assert.equal(values.string('cid'), 'b');
  assert.equal(values.integer('timeout'), 2);
});

const repeatable: NameOf<'strings'>[] = [
  'runtime-arg',
  'runtime-opt',
  'exit-command-arg',
  'log-path',
  'log-label',
  'log-allowlist-dir',
];

test('O5 parse: repeatable options keep every value, in order', () => {
  for (const name of repeatable) {
    assert.deepEqual(parse([`--${name}`, 'b', `--${name}=a`, `--${name}`, '']).strings(name), ['b', 'a', '']);
  }
});

test('O5 parse: --restore-arg and --pidfile are other names of --runtime-opt and --container-pidfile', () => {
  const values = parse([
    '--runtime-opt',
    'a',
    '--restore-arg',
    'b',
    '--runtime-opt=c',
    '-p',
    'x',
    '--pidfile',
    'y',
  ]);
  assert.deepEqual(values.strings('runtime-opt'), ['a', 'b', 'c']);
  assert.equal(values.string('container-pidfile'), 'y');
});

test('O6 parse: an unknown option is refused with the argument that it is in', () => {
  for (const arg of [
    '--nope',
    '--nope=1',
    '-Q',
    '-tQ',
    '--conmon-pi',
    '--Cid',
    '---cid',
    '--=x',
    '--help=1',
    '--help-x',
  ]) {
    assert.equal(refused([arg, 'x']), `option parsing failed: Unknown option ${arg}`);
  }
});

test('O6 parse: the seccomp notify options of conmon 2.2.1 and older are unknown', () => {
  for (const option of ['--seccomp-notify-socket', '--seccomp-notify-plugins']) {
    assert.equal(refused([option, 'x']), `option parsing failed: Unknown option ${option}`);
  }
});

test('O7 parse: an option at the end without its value is refused', () => {
  for (const entry of optionTable.filter(({ kind }) => kind !== 'flag')) {
    assert.equal(refused([`--${entry.long}`]), `option parsing failed: Missing argument for --${entry.long}`);
  }
  assert.equal(refused(['-tic']), 'option parsing failed: Missing argument for -c');
  assert.equal(refused(['-c=id']), 'option parsing failed: Missing argument for -c');
});

test('O8 parse: what is no integer, or too large, is refused with the value', () => {
  assert.equal(refused(['-T', 'x']), 'option parsing failed: Cannot parse integer value “x” for -T');
  assert.equal(
    refused(['--log-max-files=2147483648']),
    'option parsing failed: Integer value “2147483648” for --log-max-files out of range',
  );
  assert.equal(
    refused(['--timeout', ff]),
    'option parsing failed: Cannot parse integer value “\\xff” for --timeout',
  );
});

test('O9 parse: a string is kept as it is', () => {
  for (const value of ['', ' a ', 'ü', '\u{feff}x', '\u{ffff}', '\u{10ffff}', 'a\nb', '\x01']) {
    assert.equal(parse(['--name', value]).string('name'), value);
    assert.equal(parse([`--name=${value}`]).string('name'), value);
  }
});

test('O9 parse: a string that is not UTF-8, or not ASCII where the locale is not UTF-8, is refused', () => {
  const words = 'option parsing failed: Invalid byte sequence in conversion input';
  const surrogate = Uint8Array.of(0xed, 0xa0, 0x80);
  for (const value of [ff, surrogate, Uint8Array.of(0xc0, 0x80), Uint8Array.of(0xf4, 0x90, 0x80, 0x80)]) {
    assert.equal(refused(['-n', value]), words);
  }
  assert.equal(refused([Uint8Array.of(...bytes('--name='), 0xff)]), words);
  assert.equal(refusalOf(() => parse(['-n', 'ü'], 'ascii')).message, words);
  assert.equal(parse(['-n', 'u'], 'ascii').string('name'), 'u');
});

test('O10 parse: a refusal shows bytes that are not UTF-8 as \\xff, and ? where the locale has no such letter', () => {
  assert.equal(
    refused([Uint8Array.of(...bytes('--nöpe'), 0xff, 0xe2, 0x82)]),
    'option parsing failed: Unknown option --nöpe\\xff\\xe2\\x82',
  );
  const inAscii = (args: Args) => refusalOf(() => parse(args, 'ascii')).message;
  assert.equal(inAscii(['--nö']), 'option parsing failed: Unknown option --n?');
  assert.equal(inAscii(['-T', '日本']), 'option parsing failed: Cannot parse integer value ???? for -T');
});

test('O11 parse: help is asked for by --help, --help-all, -h and -?, and wins over what follows', () => {
  for (const arg of ['--help', '--help-all', '-h', '-?', '-th', '-t?', '-hQ']) {
    assert.equal(parseArguments(encode([arg, '--nope']), 'utf-8'), 'help');
  }
  assert.equal(refused(['--nope', '--help']), 'option parsing failed: Unknown option --nope');
  assert.equal(refused(['-Qh']), 'option parsing failed: Unknown option -Qh');
});

test('parse: the bytes of a cmdline are cut at each NUL, empty arguments kept', () => {
  const cut = (text: string) => splitCmdline(bytes(text)).map(arg => new TextDecoder().decode(arg));
  assert.deepEqual(cut('conmon\0-c\0\0x\0'), ['conmon', '-c', '', 'x']);
  assert.deepEqual(cut('conmon\0'), ['conmon']);
  assert.deepEqual(cut('conmon\0\0'), ['conmon', '']);
  assert.deepEqual(cut('conmon\0cut'), ['conmon', 'cut']);
  assert.deepEqual(cut(''), []);
});

const byteArgs = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc.string({ unit: 'binary' }).map(bytes),
    fc
      .constantFrom(
        ...optionTable.flatMap((entry: OptionEntry) => [`--${entry.long}`, `-${entry.short ?? 'Q'}`]),
      )
      .map(bytes),
    fc
      .tuple(fc.constantFrom(...optionTable.map(({ long }) => long)), fc.string())
      .map(([name, value]) => bytes(`--${name}=${value}`)),
  ),
  { maxLength: 8 },
);

test('parse: any bytes are values, help, or a usage refusal of one line', () => {
  fc.assert(
    fc.property(byteArgs, fc.constantFrom('utf-8' as const, 'ascii' as const), (args, charset) => {
      try {
        parseArguments(args, charset);
      } catch (error) {
        assert.ok(error instanceof UsageRefusal);
        assert.match(error.message, /^option parsing failed: /);
      }
    }),
    { numRuns: 2000 },
  );
});

test('parse: strings pass through unchanged, in both forms and whatever stands between them', () => {
  const argument = fc.string({ unit: 'binary' }).filter(text => !text.includes('\0') && text.isWellFormed());
  fc.assert(
    fc.property(fc.array(fc.tuple(argument, fc.boolean())), values => {
      const args = values.flatMap(([value, joined]) =>
        joined ? [`--runtime-arg=${value}`, '-t'] : ['--runtime-arg', value, '1'],
      );
      assert.deepEqual(
        parse(args).strings('runtime-arg'),
        values.map(([value]) => value),
      );
    }),
  );
});

test('parse: a cmdline cut into arguments and joined again is the same', () => {
  const arg = fc.uint8Array({ min: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(arg), args => {
      assert.deepEqual(splitCmdline(Uint8Array.from(args.flatMap(each => [...each, 0]))), args);
    }),
  );
});
