import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRuntimeArgv, type RuntimeCall } from '../../../src/runtime/runtime-argv.ts';

const create: RuntimeCall = {
  runtime: '/bin/runtime',
  runtimeArg: [],
  runtimeOpt: [],
  systemdCgroup: false,
  exec: false,
  execProcessSpec: undefined,
  restore: undefined,
  bundle: '/bundle',
  containerPidfile: '/pidfile',
  noPivot: false,
  noNewKeyring: false,
  cid: 'id',
};
const everything: RuntimeCall = {
  ...create,
  runtimeArg: ['--root', '/run'],
  runtimeOpt: ['--preserve-fds', '2'],
  systemdCgroup: true,
  noPivot: true,
  noNewKeyring: true,
};

test('O19 runtime argv: create with nothing asked for', () => {
  assert.deepEqual(buildRuntimeArgv(create), [
    ...['/bin/runtime', 'create', '--bundle', '/bundle', '--pid-file', '/pidfile', 'id'],
  ]);
});

test('O19 runtime argv: create with everything, each argument in its place', () => {
  assert.deepEqual(buildRuntimeArgv(everything, '/tmp/console'), [
    ...['/bin/runtime', '--systemd-cgroup', '--root', '/run'],
    ...['create', '--bundle', '/bundle', '--pid-file', '/pidfile', '--no-pivot', '--no-new-keyring'],
    ...['--preserve-fds', '2', '--console-socket', '/tmp/console', 'id'],
  ]);
});

test('O20 runtime argv: restore detaches, and works in the bundle', () => {
  assert.deepEqual(buildRuntimeArgv({ ...everything, restore: '/checkpoint' }, '/tmp/console'), [
    ...['/bin/runtime', '--systemd-cgroup', '--root', '/run'],
    ...['restore', '--bundle', '/bundle', '--pid-file', '/pidfile', '--no-pivot', '--no-new-keyring'],
    ...['--detach', '--image-path', '/checkpoint', '--work-path', '/bundle'],
    ...['--preserve-fds', '2', '--console-socket', '/tmp/console', 'id'],
  ]);
});

test('O20 runtime argv: an empty checkpoint path is one', () => {
  assert.equal(buildRuntimeArgv({ ...create, restore: '' })[1], 'restore');
});

test('O21 runtime argv: exec has no --systemd-cgroup, bundle or switches of create', () => {
  const exec = { ...everything, exec: true, execProcessSpec: '/spec', bundle: undefined };
  assert.deepEqual(buildRuntimeArgv(exec, '/tmp/console'), [
    ...['/bin/runtime', '--root', '/run', 'exec', '--pid-file', '/pidfile', '--process', '/spec', '--detach'],
    ...['--preserve-fds', '2', '--console-socket', '/tmp/console', 'id'],
  ]);
});

test('O19 runtime argv: arguments are passed on as they are', () => {
  const odd = ['', ' ', '--', '-c', 'a b', 'ü\n'];
  const argv = buildRuntimeArgv({ ...create, runtimeArg: odd, runtimeOpt: odd });
  assert.deepEqual(argv.slice(1, 1 + odd.length), odd);
  assert.deepEqual(argv.slice(-1 - odd.length, -1), odd);
});

test('runtime argv: a call that accepted options cannot make is our mistake, not an argument', () => {
  assert.throws(() => buildRuntimeArgv({ ...create, bundle: undefined }), /without a bundle/);
  assert.throws(() => buildRuntimeArgv({ ...create, exec: true }), /without a process spec/);
});
