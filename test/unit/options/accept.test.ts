import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptOptions, acceptUsage } from '../../../src/options/accept.ts';
import type { Options } from '../../../src/options/options.ts';
import { UsageRefusal } from '../../../src/options/refusal.ts';
import { type OptionEntry, optionTable } from '../../../src/options/table.ts';
import { X_OK } from '../../../src/sys/constants.ts';
import { EACCES, ENOENT } from '../../../src/sys/errno.ts';
import { Refusal } from '../../../src/sys/errors.ts';
import { type Args, accept, bytes, host, parse, refusalOf } from './command-line.ts';

const create = ['-c', 'id', '-u', 'uuid', '-r', '/bin/runtime'];

function refused(args: Args, on = host): string {
  const refusal = refusalOf(() => accept(args, on));
  assert.ok(!(refusal instanceof UsageRefusal), `one of the monitor's messages: ${refusal.message}`);
  return refusal.message;
}

function usageRefused(args: Args): string {
  const refusal = refusalOf(() => acceptUsage(parse(args)));
  assert.ok(refusal instanceof UsageRefusal);
  assert.equal(refusalOf(() => accept(args)).message, refusal.message, 'acceptOptions refuses it too');
  return refusal.message;
}

test('O13 accept: a bad number of log files, then a missing container ID, are refused as usage', () => {
  const bad = ['--log-max-files', '-1'];
  assert.equal(usageRefused(bad), 'log-max-files must be non-negative, got -1');
  assert.equal(
    usageRefused(['--log-max-files', '0', '--log-rotate']),
    'log-max-files must be at least 1 when log-rotate is enabled, got 0',
  );
  assert.equal(usageRefused(['--log-max-files', '0']), 'Container ID not provided. Use --cid');
  assert.equal(usageRefused([]), 'Container ID not provided. Use --cid');
});

test('O13 accept: each check comes in its place, before all that follow', () => {
  const cwd = () => {
    throw new Refusal('Failed to get working directory: as the system says');
  };
  const dead = { cwd, access: () => -ENOENT };
  const wrong: string[] = ['--exit-delay', '-1'];
  const steps: [fix: string[], words: string][] = [
    [
      ['-c', 'id', '--restore', 'd', '-e', '--exec-attach'],
      "Cannot use 'exec' and 'restore' at the same time",
    ],
    [['-c', 'id', '--restore', 'd', '--exec-attach'], 'Attach can only be specified with exec'],
    [['-c', 'id', '-e', '--exec-attach'], 'Attach can only be specified for a non-legacy exec session'],
    [['-c', 'id', '-e', '--exec-attach', '--api-version'], 'Container UUID not provided. Use --cuuid'],
    [['-c', 'id', '-e', '-u', 'uuid'], 'Runtime path not provided. Use --runtime'],
    [['-c', 'id', '-e', '-r', '/r'], 'Runtime path /r is not valid No such file or directory'],
  ];
  for (const [args, words] of steps) assert.equal(refused([...args, ...wrong], dead), words);
  const runtimeIsThere = { cwd, access: () => 0 };
  assert.equal(
    refused(['-c', 'id', '-e', '-r', '/r', ...wrong], runtimeIsThere),
    'Exec process spec path not provided. Use --exec-process-spec',
  );
  assert.equal(
    refused([...create, ...wrong], runtimeIsThere),
    'Failed to get working directory: as the system says',
  );
  assert.equal(
    refused([...create, ...wrong]),
    'Delay before invoking exit command must be greater than or equal to 0',
  );
});

test('O13 accept: only legacy exec does without a UUID', () => {
  assert.equal(accept(['-c', 'id', '-e', '-r', '/r', '--exec-process-spec', 's']).cuuid, undefined);
  assert.equal(refused(['-c', 'id', '-r', '/r']), 'Container UUID not provided. Use --cuuid');
});

test('O14 accept: container ID and UUID must be file names', () => {
  for (const [option, what] of [
    ['-c', 'Container ID'],
    ['-u', 'Container UUID'],
  ] as const) {
    assert.equal(refused([...create, option, '']), `${what} must not be empty`);
    for (const name of ['.', '..', '/', 'a/b', '../x', '/etc/passwd']) {
      assert.equal(refused([...create, option, name]), `${what} ${name} is not a file name`);
    }
    assert.equal(
      refused([...create, option, 'x'.repeat(5000)]),
      `${what} ${'x'.repeat(64)}... is 5000 bytes long, more than 255`,
    );
    assert.match(refused([...create, option, 'ü'.repeat(128)]), /is 256 bytes long/);
    for (const name of ['x'.repeat(255), 'ü'.repeat(127), '...', '..a', 'a b', '-t'])
      accept([...create, '-p', 'pid', option, name]);
  }
});

test('O15 accept: the runtime must be executable, as access(2) says', () => {
  const asked: [string, number][] = [];
  const answering = (answer: number) => ({
    ...host,
    access: (path: string, mode: number) => {
      asked.push([path, mode]);
      return answer;
    },
  });
  assert.equal(accept(create, answering(0)).runtime, '/bin/runtime');
  assert.deepEqual(asked, [['/bin/runtime', X_OK]]);
  assert.equal(
    refused(create, answering(-EACCES)),
    'Runtime path /bin/runtime is not valid Permission denied',
  );
  assert.equal(
    refused([...create, '-r', ''], answering(-ENOENT)),
    'Runtime path  is not valid No such file or directory',
  );
});

test('O22 accept: the working directory is asked for only by what needs its path', () => {
  const none = {
    ...host,
    cwd: () => {
      throw new Refusal('none');
    },
  };
  const exec = ['-c', 'id', '-e', '-r', '/r', '--exec-process-spec', 's'];
  for (const args of [
    [...create, '-b', '/bundle', '-p', '/pid'],
    [...create, '-b', '/bundle', '-p', 'pid', '-l', 'log', '-r', 'runtime', '--exit-dir', 'exits'],
    [...create, '-b', 'bundle', '-p', 'pid', '--full-attach'],
    [...exec, '-p', 'pid'],
  ])
    accept(args, none);
  for (const args of [
    [...create, '-b', '/bundle'],
    [...create, '-p', '/pid'],
    [...create, '-b', 'bundle', '-p', 'pid'],
    exec,
  ])
    assert.equal(refused(args, none), 'none', args.join(' '));
});

test('A3 accept: the link to a relative bundle leads to it from anywhere', () => {
  const target = (...args: string[]) => accept([...create, ...args]).attachLinkTarget;
  assert.equal(target('-b', 'of/it'), '/here/of/it');
  assert.equal(target('-b', './../x'), '/here/./../x');
  assert.equal(target('-b', '/there'), '/there');
  assert.equal(target(), '/here');
  assert.equal(target('-b', 'of/it', '--full-attach'), undefined);
  assert.equal(accept([...create, '-b', 'of/it']).bundle, 'of/it');
});

test('O14 accept: an ID that is too long for the name of a pid file needs one of its own', () => {
  const id = '€'.repeat(83); // 249 bytes
  assert.equal(
    refused([...create, '-c', id]),
    'Container ID is too long for a pid file of its name. Use --container-pidfile',
  );
  assert.equal(accept([...create, '-c', '€'.repeat(85), '-p', 'pid']).containerPidfile, 'pid');
  assert.equal(accept([...create, '-c', '€'.repeat(82)]).containerPidfile, `/here/pidfile-${'€'.repeat(82)}`);
});

test('O22 accept: a path in the working directory that is too long for the system is refused', () => {
  const deep = { ...host, cwd: () => `/${'d'.repeat(4080)}` };
  assert.equal(
    refused([...create, '-b', '/b'], deep),
    'pidfile-id has too long a path in the working directory',
  );
});

const defaults: Options = {
  apiVersion: 0,
  attachLinkTarget: '/here',
  bundle: '/here',
  cid: 'id',
  conmonPidfile: undefined,
  containerPidfile: '/here/pidfile-id',
  cuuid: 'uuid',
  exec: false,
  execAttach: false,
  execProcessSpec: undefined,
  exitCommand: undefined,
  exitCommandArg: [],
  exitDelay: 0,
  exitDir: undefined,
  leaveStdinOpen: false,
  logAllowlistDir: [],
  logGlobalSizeMax: -1,
  logLabel: [],
  logMaxFiles: 1,
  logPath: [],
  logRotate: false,
  logSizeMax: -1,
  logTag: undefined,
  name: undefined,
  noContainerPartialMessage: false,
  noNewKeyring: false,
  noPivot: false,
  noSyncLog: false,
  persistDir: undefined,
  replaceListenPid: false,
  restore: undefined,
  runtime: '/bin/runtime',
  runtimeArg: [],
  runtimeOpt: [],
  sdnotifySocket: undefined,
  socketDirPath: '/var/run/crio',
  stdin: false,
  sync: false,
  systemdCgroup: false,
  terminal: false,
  timeout: 0,
};

test('O16 accept: what is not given has its default', () => {
  assert.deepEqual(accept(create), defaults);
});

test('O16 accept: exec has a bundle only where one is given', () => {
  const exec = [...create, '-e', '--exec-process-spec', 's'];
  const without = { attachLinkTarget: undefined, bundle: undefined };
  assert.deepEqual(accept(exec), { ...defaults, ...without, exec: true, execProcessSpec: 's' });
  assert.equal(accept([...exec, '-b', '/b']).bundle, '/b');
});

test('O16 accept: every option reaches the value of its name, and no other', () => {
  for (const entry of optionTable as readonly OptionEntry[]) {
    if (['version', 'exec-attach', 'exec'].includes(entry.long)) continue;
    if (['log-level', 'syslog'].includes(entry.long)) continue; // for main's messages, before there are options
    const name = (entry.aliasOf ?? entry.long).replaceAll(/-(.)/g, (_, letter: string) =>
      letter.toUpperCase(),
    );
    const isToldOtherwise = entry.long === 'full-attach'; // by there being no link
    assert.ok(name in defaults || isToldOtherwise, name);
    const changed: Record<string, unknown> = { ...defaults };
    if (entry.long === 'bundle') changed['attachLinkTarget'] = '/here/7';
    if (entry.long === 'cid') changed['containerPidfile'] = '/here/pidfile-7';
    if (isToldOtherwise) changed['attachLinkTarget'] = undefined;
    else if (entry.kind === 'flag') changed[name] = entry.long === 'api-version' ? 1 : true;
    else if (entry.kind === 'string') changed[name] = '7';
    else changed[name] = entry.kind === 'strings' ? ['7'] : 7;
    assert.deepEqual(
      accept([...create, `--${entry.long}`, ...(entry.kind === 'flag' ? [] : ['7'])]),
      changed,
    );
  }
});

test('O16 accept: exec takes its own options', () => {
  const options = accept([...create, '-e', '--exec-attach', '--api-version', '1', '--exec-process-spec', '']);
  assert.deepEqual(
    {
      exec: options.exec,
      attach: options.execAttach,
      api: options.apiVersion,
      spec: options.execProcessSpec,
    },
    { exec: true, attach: true, api: 1, spec: '' },
  );
});

test('O17 accept: limits that are not above 0 are taken, as no limit', () => {
  const options = accept([...create, '--log-size-max', '-9', '--log-global-size-max=0', '-T', '-1']);
  assert.deepEqual([options.logSizeMax, options.logGlobalSizeMax, options.timeout], [-9, 0, -1]);
});

test('O17 accept: drivers and labels are left to those who use them', () => {
  const options = accept([...create, '-l', 'nope:', '-l', '', '--log-label', '=']);
  assert.deepEqual([options.logPath, options.logLabel], [['nope:', ''], ['=']]);
});

test('accept: any command line gives options or a refusal', () => {
  const known = optionTable.flatMap(({ long }) => [`--${long}`, `--${long}=1`]);
  const arg = fc.oneof(fc.constantFrom(...known, ...create), fc.string({ unit: 'binary' }).map(bytes));
  fc.assert(
    fc.property(fc.array(arg), args => {
      try {
        const values = parse([...create, ...args]);
        const options = acceptOptions(values, host);
        assert.ok(!options.cid.includes('/') && options.cid !== '');
        assert.ok(options.exec ? options.execProcessSpec !== undefined : options.bundle !== undefined);
        assert.ok(options.exec && options.apiVersion === 0 ? true : options.cuuid !== undefined);
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
    }),
  );
});
