// Options that can't be right are refused before anything is done: there is no container, and nobody asks for one.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { type ExecSyncOptions, Runtime } from '../../../src/manager/index.ts';

const bundle = '/nowhere';
const args = ['true'];

/** Each is refused for one member; `NaN` and -1 are of no use for any number. */
const refused: Record<string, (runtime: Runtime) => Promise<unknown>> = {};

for (const number of [-1, Number.NaN]) {
  const limits = { timeLimitMs: number };
  Object.assign(refused, {
    [`create: timeLimitMs ${number}`]: (runtime: Runtime) => runtime.create('x', { bundle, ...limits }),
    [`create: timeoutSeconds ${number}`]: (runtime: Runtime) =>
      runtime.create('x', { bundle, timeoutSeconds: number }),
    [`create: delaySeconds ${number}`]: (runtime: Runtime) =>
      runtime.create('x', { bundle, exitCommand: { file: '/bin/true', delaySeconds: number } }),
    [`create: logSizeMaxBytes ${number}`]: (runtime: Runtime) =>
      runtime.create('x', { bundle, logSizeMaxBytes: number }),
    [`start ${number}`]: (runtime: Runtime) => runtime.start('x', limits),
    [`kill ${number}`]: (runtime: Runtime) => runtime.kill('x', 'SIGTERM', limits),
    [`pause ${number}`]: (runtime: Runtime) => runtime.pause('x', limits),
    [`resume ${number}`]: (runtime: Runtime) => runtime.resume('x', limits),
    [`update ${number}`]: (runtime: Runtime) => runtime.update('x', {}, limits),
    [`stop ${number}`]: (runtime: Runtime) => runtime.stop('x', limits),
    [`stop: timeoutMs ${number}`]: (runtime: Runtime) => runtime.stop('x', { timeoutMs: number }),
    [`delete ${number}`]: (runtime: Runtime) => runtime.delete('x', limits),
    [`state ${number}`]: (runtime: Runtime) => runtime.state('x', limits),
    [`list ${number}`]: (runtime: Runtime) => runtime.list(limits),
    [`wait ${number}`]: (runtime: Runtime) => runtime.wait('x', 'exited', limits),
    [`attach ${number}`]: (runtime: Runtime) => runtime.attach('x', limits),
    [`reopenLog ${number}`]: (runtime: Runtime) => runtime.reopenLog('x', limits),
    [`resize ${number}`]: (runtime: Runtime) => runtime.resize('x', { rows: 1, columns: 1 }, limits),
    [`version ${number}`]: (runtime: Runtime) => runtime.version(limits),
    [`ready ${number}`]: (runtime: Runtime) => runtime.ready(limits),
  });
}

const commands: Record<string, ExecSyncOptions> = {
  'no program': { args: [] },
  'a NUL': { args: ['a\0b'] },
  'a limit for starting': { args, timeLimitMs: Number.NaN },
  'a limit': { args, timeoutMs: -1 },
  'a variable without a name': { args, env: ['=x'] },
  'a variable without a value': { args, env: ['X'] },
  'a relative directory': { args, cwd: 'work' },
  'a user below 0': { args, user: { uid: -1, gid: 0 } },
  'a user of a fraction': { args, user: { uid: 0.5, gid: 0 } },
  'a group of everybody': { args, user: { uid: 0, gid: 0, additionalGids: [2 ** 32 - 1] } },
  'an output limit': { args, outputLimitBytes: Number.NaN },
};
for (const [what, options] of Object.entries(commands)) {
  refused[`exec: ${what}`] = runtime => runtime.exec('x', options);
  refused[`execSync: ${what}`] = runtime => runtime.execSync('x', options);
}
Object.assign(refused, {
  'create: a fraction of a second': (runtime: Runtime) =>
    runtime.create('x', { bundle, timeoutSeconds: 1.5 }),
  'create: no signal': (runtime: Runtime) => runtime.create('x', { bundle, stopSignal: '-9' as 'SIGTERM' }),
  'kill: no signal': (runtime: Runtime) => runtime.kill('x', '--all' as 'SIGTERM'),
  'kill: no number of a signal': (runtime: Runtime) => runtime.kill('x', 65),
  'stop: no signal': (runtime: Runtime) => runtime.stop('x', { stopSignal: 1.5 }),
  'update: no JSON': (runtime: Runtime) => runtime.update('x', { limit: 1n }),
});

for (const [what, use] of Object.entries(refused))
  test(`options: refused before anything is done: ${what}`, async () => {
    const root = '/nowhere/conmon-ts';
    await assert.rejects(use(new Runtime({ runtime: '/bin/true', conmon: '/bin/true', root })), {
      code: 'ERR_ARGUMENT',
    });
    assert.equal(existsSync(root), false);
  });

test('options: a runtime and a monitor that are not there, are folders or can’t be executed are refused', () => {
  for (const [file, words] of [
    ['/nowhere/runc', /^\/nowhere\/runc is not there$/],
    ['/tmp', /^\/tmp is no file$/],
    ['/etc/passwd', /^\/etc\/passwd can’t be executed$/],
    ['no-such-program', /^no-such-program is not in PATH$/],
  ] as const)
    for (const which of ['runtime', 'conmon'] as const)
      assert.throws(
        () => new Runtime({ runtime: '/bin/true', conmon: '/bin/true', root: '/nowhere', [which]: file }),
        {
          code: 'ERR_ARGUMENT',
          message: words,
        },
      );
  assert.throws(() => new Runtime({ root: '/nowhere', runtime: '/bin/true', timeLimitMs: -1 }), {
    code: 'ERR_ARGUMENT',
  });
});
