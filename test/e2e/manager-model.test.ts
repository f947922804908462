// Processes that do things at random with a few containers, at once and over one directory of state, some of them
// killed: what each operation said has to fit into one life of each container after the other, and nothing may be left.
// MODEL_SEED has it played again.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Runtime } from '../../src/manager/index.ts';
import { form } from '../fixtures/conmon.ts';
import { judge } from '../fixtures/manager-model/judge.ts';
import { compareWithRuntime, deleteAll, killAll, settle } from '../fixtures/manager-model/leftovers.ts';
import { type Play, perform } from '../fixtures/manager-model/play.ts';
import { buildQuickRuntime, rootOf, type Stage } from '../fixtures/manager-model/stage.ts';
import { type Conmon, conmons, makeShellBundle, ociRuntime } from './manager-harness.ts';

const seed = process.env['MODEL_SEED'] ?? randomBytes(4).toString('hex');

/** Of each process; a monitor that runs on Node.js takes ten times as long to start. */
const operations = Number(process.env['MODEL_OPERATIONS'] ?? (form === 'compiled' ? 20 : 4));

/** It takes a hundred times as long as the quick runtime. */
const runcOperations = Number(process.env['MODEL_RUNC_OPERATIONS'] ?? 3);

const workers = 10;

/** A process is killed in one of so many operations. */
const deathChance = 60;

for (const conmon of conmons)
  test(`${workers} processes, ${operations} operations each, over ${conmon.name}: all agree`, async t => {
    const plan = { seed, stage: makeStage(t, conmon), workers, operations, deathChance, isNaive: false };
    assert.deepEqual(await findDisagreements(t, plan), []);
  });

if (ociRuntime === 'runc' && form === 'compiled')
  test(`${workers} processes, ${runcOperations} operations each, over runc: all agree`, async t => {
    const rootfs = join(makeShellBundle(t, ''), 'rootfs');
    const stage = { ...makeStage(t, conmons[0]!), runtime: 'runc', rootfs };
    const plan = { seed, stage, workers, operations: runcOperations, deathChance: 20, isNaive: false };
    assert.deepEqual(await findDisagreements(t, plan), []);
  });

test(`the naive way: right in one process, found out in ${workers} within 200 operations`, async t => {
  const naive = { seed, deathChance: 0, isNaive: true };
  const alone = { ...naive, stage: makeStage(t, conmons[0]!), workers: 1, operations: 60 };
  assert.deepEqual(await findDisagreements(t, alone), []);
  const crowd = { ...naive, stage: makeStage(t, conmons[0]!), workers, operations: 200 / workers };
  assert.notDeepEqual(judge(await perform(t, crowd)), []);
});

async function findDisagreements(t: TestContext, plan: Play): Promise<string[]> {
  const { stage } = plan;
  t.diagnostic(`MODEL_SEED=${seed}`);
  const steps = await perform(t, plan);
  if (process.env['MODEL_DUMP']) writeFileSync(process.env['MODEL_DUMP'], JSON.stringify(steps));
  const runtime = new Runtime({ root: rootOf(stage), runtime: stage.runtime, conmon: stage.conmon });
  return [
    ...judge(steps),
    ...(await settle(runtime, stage)),
    ...(await compareWithRuntime(runtime, stage)),
    ...(await deleteAll(runtime, stage)),
  ];
}

function makeStage(t: TestContext, conmon: Conmon): Stage {
  const dir = mkdtempSync(join(tmpdir(), 'manager-model-'));
  const stage = { dir, conmon: conmon.path, runtime: buildQuickRuntime(dir), rootfs: undefined };
  t.after(() => {
    killAll(stage);
    rmSync(dir, { recursive: true });
  });
  mkdirSync(rootOf(stage));
  return stage;
}
