import assert from 'node:assert/strict';
import { it } from 'node:test';
import { changeConfig, wantsTerminal } from '../../../src/cli/own-bundle.ts';

const config = {
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    args: ['a'],
    env: ['A=1', 'B=2'],
    cwd: '/',
    user: { uid: 0, gid: 0, umask: 18 },
  },
  root: { path: 'rootfs', readonly: true },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/data', type: 'bind', source: 'data' },
    { destination: '/etc', source: '/etc', options: ['rbind'] },
    { destination: '/src', type: 'none', source: '../src', options: ['ro', 'bind'] },
  ],
  linux: { namespaces: [] },
};

it('changeConfig: relative paths are those of the given bundle, and nothing else changes', () => {
  const changed = changeConfig(config, '/srv/web', {});
  assert.deepEqual(changed, {
    ...config,
    root: { path: '/srv/web/rootfs', readonly: true },
    mounts: [
      config.mounts[0],
      { destination: '/data', type: 'bind', source: '/srv/web/data' },
      config.mounts[2],
      { destination: '/src', type: 'none', source: '/srv/src', options: ['ro', 'bind'] },
    ],
  });
});

it('changeConfig: command, terminal, directory, user, and variables by their name', () => {
  const { process } = changeConfig(config, '/srv/web', {
    args: ['sh', '-c', ''],
    terminal: true,
    env: ['B=3', 'C='],
    cwd: '/tmp',
    user: { uid: 5, gid: 6 },
  });
  assert.deepEqual(process, {
    terminal: true,
    args: ['sh', '-c', ''],
    env: ['A=1', 'B=3', 'C='],
    cwd: '/tmp',
    user: { uid: 5, gid: 6, umask: 18 },
  });
});

it('changeConfig, wantsTerminal: a configuration without process, root and mounts is no reason to fail', () => {
  assert.deepEqual(changeConfig({}, '/srv', {}), { process: {} });
  assert.equal(wantsTerminal({}), false);
  assert.equal(wantsTerminal({ process: { terminal: true } }), true);
});
