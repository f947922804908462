// The same command lines for C conmon and for ours: both must say the same, or call their runtime with the same
// arguments.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ours, runtimeArguments, say, temporaryFolder, theirs } from './options-conmons.ts';

const skip = theirs === undefined && 'needs a C conmon, in PATH or named by CONMON_C';

/** Options that only some versions of C conmon know: what it says of those it does not know is another matter. */
const theirHelp = theirs === undefined ? '' : say(theirs, ['--help']).text;
const isNew = theirHelp.includes('--log-max-files');

const accepted = ['-c', 'id', '-u', 'uuid', '-r', '/bin/true'];
const exec = ['-e', '-c', 'id', '-r', '/bin/true'];

/** Each ends in a refusal: C conmon that accepts all else still misses --log-path. */
const refusals: readonly (readonly string[])[] = [
  // What is no option, and unknown ones
  [],
  [''],
  ['-'],
  ['a', 'b'],
  ['--'],
  ['--', '--cid', 'a'],
  ['--nope'],
  ['--conmon-pi', 'x'],
  ['--Cid', 'a'],
  ['---cid', 'a'],
  ['--=x'],
  ['--help=1'],
  ['--help-x'],
  ['-Q'],
  ['-tQ'],
  ['-Q?'],
  ['--nöpe'],
  ['-ü'],
  // Values
  ['--cid'],
  ['-c'],
  ['--pidfile'],
  ['-tic'],
  ['-c=a'],
  ['-ca'],
  ['-T5'],
  ['-cu', 'a', 'b'],
  ['-c', '--'],
  ['-c', '-t'],
  ['--cid=a=b'],
  ['-tci', 'a', 'b'],
  ['--sync=no'],
  ['--api-version', '1', ...accepted],
  [...accepted, '--runtime-arg', '--log-path', '--exit-command-arg', '-Q', '--name', '--'],
  [...accepted, '--restore-arg', '--sync', '--sdnotify-socket', '', '-0', '--nope'],
  [...accepted, '--', '-l', 'off'],
  // Integers
  ...[
    'x',
    '',
    ' ',
    '-',
    '+',
    '0x',
    '08',
    '7 ',
    '0b1',
    '--7',
    '1.5',
    '1e3',
    '٣',
    '2147483648',
    '-2147483649',
  ].flatMap(value => [
    ['-T', value, '-c', 'a'],
    [`--log-size-max=${value}`, '-c', 'a'],
  ]),
  ...['9223372036854775807', '-9223372036854775808', '9223372036854775808', '9'.repeat(100)].flatMap(
    value => [
      ['--log-size-max', value],
      ['--log-global-size-max', value],
      ['--exit-delay', value],
    ],
  ),
  ['--timeout', '\t+0x1F', '--exit-delay', '-017', ...accepted],
  // Checks, and which comes first
  ['-u', 'uuid'],
  ['-c', 'id'],
  ['-c', 'id', '--log-level', 'nope'],
  ['-c', 'id', '--log-level', ''],
  ['-c', 'id', '--log-level', 'WaRnInG'],
  ['-c', 'id', '--restore', 'd', '-e'],
  ['-c', 'id', '--restore', '', '-e'],
  ['-c', 'id', '--exec-attach'],
  ['-c', 'id', '--exec-attach', '-e'],
  ['-c', 'id', '--exec-attach', '-e', '--api-version'],
  ['-c', 'id', '-u', 'uuid'],
  ['-c', 'id', '-u', 'uuid', '-r', '/nonexistent'],
  ['-c', 'id', '-u', 'uuid', '-r', ''],
  ['-c', 'id', '-u', 'uuid', '-r', '/etc/passwd'],
  ['-c', 'id', '-u', 'uuid', '-r', '/etc/passwd/x'],
  ['-c', 'id', '-u', 'uuid', '-r', '/etc'],
  exec,
  [...exec, '--api-version'],
  [...exec, '--exec-process-spec', ''],
  [...exec, '--exec-process-spec', 's', '--exit-delay', '-1'],
  accepted,
  [...accepted, '--exit-delay', '-1'],
  [...accepted, '--log-level', 'TRACE'],
  [...accepted, '-T', '-1', '--log-size-max', '-5'],
  // Newer options
  ['--log-max-files', '-1'],
  ['--log-max-files=2147483648'],
  ['--log-max-files', '0', '--log-rotate'],
  ['--log-max-files', '0', ...accepted],
  [...accepted, '--log-rotate', '--log-allowlist-dir', '/', '--log-allowlist-dir=/tmp'],
  [...accepted, '--no-container-partial-message'],
  ['--seccomp-notify-socket', 'x'],
  ['--seccomp-notify-plugins=x'],
];

const newOptions = /^--(log-max-files|log-rotate|log-allowlist-dir|no-container-partial|seccomp)/;
const comparable = refusals.filter(args => isNew || !args.some(arg => newOptions.test(arg)));

test('O18 options: what is refused, is refused in the words of C conmon and with its status', {
  skip,
}, () => {
  for (const args of comparable) {
    assert.deepEqual(say(ours, args), say(theirs!, args), JSON.stringify(args));
  }
});

test('O9 options: what a locale allows is what it allows C conmon', { skip }, () => {
  const locales = [
    {},
    { LANG: 'C' },
    { LANG: 'C.UTF-8' },
    { LC_CTYPE: 'C.UTF-8', LANG: 'C' },
    { LC_ALL: '', LC_CTYPE: 'C.utf8' },
    { LC_ALL: 'C', LC_CTYPE: 'C.UTF-8', LANG: 'C.UTF-8' },
    { LC_ALL: 'POSIX', LANG: 'C.UTF-8' },
    { LC_ALL: 'C.utf-8@x' },
    { CHARSET: 'UTF-8', LC_ALL: 'C' },
  ];
  for (const locale of locales) {
    for (const args of [
      ['-n', 'ü'],
      ['--name=日本'],
      ['-n', '\u{feff}'],
      ['--nö'],
      ['-T', 'ü'],
      ['-T', 'u'],
    ]) {
      assert.deepEqual(say(ours, args, locale), say(theirs!, args, locale), JSON.stringify([locale, args]));
    }
  }
});

test('O9 options: bytes that are not UTF-8 are refused in the words of C conmon', { skip }, () => {
  for (const value of ['\\377', '\\355\\240\\200', '\\300\\200', '\\364\\220\\200\\200', 'a\\303']) {
    const run = (conmon: string) =>
      say('/bin/sh', ['-c', `exec "$0" -c id -n "$(printf '${value}')"`, conmon]);
    assert.deepEqual(run(ours), run(theirs!), value);
  }
});

test('O2 options: what follows the equals sign of --sync changes nothing', { skip }, t => {
  // The status is the monitor's own, not that of a caller's child which a detached one leaves.
  const args = ['--sync=no', ...accepted, '-l', 'off', '--socket-dir-path', temporaryFolder(t)];
  for (const conmon of [ours, theirs!]) {
    assert.equal(
      say(conmon, [...args, '-b', temporaryFolder(t), '-p', '/nonexistent/pid']).status,
      1,
      conmon,
    );
  }
});

test('O14 options: a container ID that leads elsewhere is refused, which C conmon does not', { skip }, () => {
  const args = ['-c', '../id', '-u', 'uuid', '-r', '/bin/true'];
  assert.deepEqual(say(ours, args), { status: 1, text: 'Container ID ../id is not a file name\n' });
  assert.equal(say(theirs!, args).text, 'Log driver not provided. Use --log-path\n');
});

test('O11 options: help and version end with status 0, as with C conmon', { skip }, () => {
  for (const args of [
    ['--help'],
    ['-h'],
    ['-?'],
    ['--help-all'],
    ['-th', '--nope'],
    ['--version', 'x'],
    ['--version', '--help'],
  ]) {
    const [our, their] = [say(ours, args), say(theirs!, args)];
    assert.deepEqual([our.status, their.status], [0, 0], JSON.stringify(args));
    const firstWord = (text: string) => text.split(/[\s:]/)[0];
    assert.equal(firstWord(our.text), firstWord(their.text));
  }
});

const runtimeCalls: readonly (readonly string[])[] = [
  [],
  ['-s', '--no-pivot', '--no-new-keyring'],
  ['-b', '.', '-p', 'relative.pid', '--systemd-cgroup'],
  ['--pidfile', '/older.pid', '--runtime-arg', '--root', '--runtime-arg=/r', '--runtime-arg', ''],
  ['--runtime-opt', '--preserve-fds', '--restore-arg', '2', '--runtime-opt= ü\n', '-i', '--name', 'x'],
  ['--restore', '/checkpoint', '--runtime-opt', '--tcp-established', '-s', '--no-pivot', '--no-new-keyring'],
  ['--restore='],
  ['-e', '--exec-process-spec', 'spec.json'],
  [
    '-e',
    '--exec-process-spec=',
    '-s',
    '--no-pivot',
    '--no-new-keyring',
    '-b',
    '.',
    '--runtime-arg',
    'a',
    '--runtime-opt',
    'o',
  ],
  ['-e', '--exec-process-spec', 's', '--exec-process-spec', '/last', '-p', 'a', '-p', '/last.pid', '-i'],
];

test('O19 options: the runtime is called with the arguments that C conmon gives it', { skip }, t => {
  const folder = temporaryFolder(t);
  for (const args of runtimeCalls) {
    assert.deepEqual(
      runtimeArguments(ours, folder, args),
      runtimeArguments(theirs!, folder, args),
      JSON.stringify(args),
    );
  }
});

test('O21 options: with a terminal, its socket comes where C conmon puts it', { skip }, t => {
  const folder = temporaryFolder(t);
  const socket = /^.*\/conmon-term\.[^/]+$/;
  for (const args of [
    ['-t'],
    ['-t', '--restore', '/c', '--runtime-opt', 'o'],
    ['-te', '--exec-process-spec', 's'],
  ]) {
    const masked = (conmon: string) =>
      runtimeArguments(conmon, folder, args).map(arg => (socket.test(arg) ? 'SOCKET' : arg));
    // conmon up to 2.1 adds --tty to an exec, though the process specification says it.
    const theirArguments = masked(theirs!).filter(arg => isNew || arg !== '--tty');
    assert.ok(theirArguments.includes('SOCKET'));
    assert.deepEqual(masked(ours), theirArguments, JSON.stringify(args));
  }
});
