// Killing without a runtime: exactly the process that is meant, and what is in a container's cgroup, on the kernel's own
// cgroup file systems where this process may write there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  freezeCgroup,
  killByKernel,
  listCgroupProcesses,
  thawCgroup,
} from '../../src/manager/cgroups/cgroup-files.ts';
import { findHierarchies } from '../../src/manager/cgroups/cgroupfs.ts';
import { findCgroups, readCgroups } from '../../src/manager/cgroups/container-cgroup.ts';
import { killCgroups } from '../../src/manager/processes/kill-container.ts';
import { identifyProcess, type ProcessIdentity } from '../../src/manager/processes/processes.ts';
import { signalProcess } from '../../src/manager/processes/signal-process.ts';
import { until } from '../fixtures/waiting.ts';

test('signalProcess: it reaches the process that is meant, and no other that has its ID', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const meant = identify(child.pid!);
  const former = { ...meant, startTicks: String(Number(meant.startTicks) - 1) };
  assert.equal(await signalProcess(former, 9), false);
  assert.equal(await signalProcess(meant, 15), true);
  assert.deepEqual(await ended, [null, 'SIGTERM']);
  assert.equal(await signalProcess(meant, 15), false);
});

test('readCgroups: none that this process is in too', () => {
  assert.deepEqual(readCgroups(identify(process.pid), undefined), []);
});

for (const { path: top, version, name } of writableHierarchies()) {
  const make = (t: TestContext): string => {
    const path = mkdtempSync(join(top, 'manager-test-'));
    t.after(() => removeCgroups(path));
    return path;
  };

  test(`${name}: a container’s cgroup is noted, and not one that somebody else is in, there or below`, async t => {
    const path = make(t);
    const inner = join(path, 'inner');
    mkdirSync(inner);
    const [first, other] = [await runIn(inner), await runIn(path)];
    const noted = readCgroups(first, undefined).filter(cgroup => cgroup.path.startsWith(top));
    assert.deepEqual(noted, [{ path: inner, inode: String(statSync(inner).ino) }]);
    assert.deepEqual(findCgroups(noted, undefined), [inner]);
    assert.deepEqual(findCgroups(noted, first), [], 'the monitor is in it');
    assert.deepEqual(
      readCgroups(other, undefined).filter(cgroup => cgroup.path.startsWith(top)),
      [],
    );
  });

  test(`${name}: another cgroup that has the name now is left alone`, async t => {
    const path = make(t);
    const inner = join(path, 'inner');
    mkdirSync(inner);
    const target = await makeTarget(top, inner);
    process.kill(target.process.pid, 'SIGKILL');
    await until('the cgroup to be empty', () => listCgroupProcesses(inner).length === 0);
    rmdirSync(inner);
    mkdirSync(inner);
    const stranger = await runIn(inner);
    assert.deepEqual(findCgroups(target.cgroups, undefined), []);
    await killCgroups(target);
    assert.deepEqual(listCgroupProcesses(inner), [stranger.pid]);
  });

  test(`${name}: all is killed in it and below it`, async t => {
    const path = make(t);
    const target = await makeTarget(top, path);
    const below = join(path, 'below');
    mkdirSync(below);
    await runIn(path);
    await runIn(below);
    assert.equal(listCgroupProcesses(path).length, 3);
    assert.equal(await killCgroups(target), true);
    assert.deepEqual(listCgroupProcesses(path), []);
  });

  test(`${name}: it is frozen, and thawed again with what is below it`, async t => {
    const path = make(t);
    const below = join(path, 'below');
    mkdirSync(below);
    await runIn(below);
    const isFrozen = () =>
      version === 1
        ? read(below, 'freezer.state') === 'FROZEN\n'
        : /^frozen 1$/m.test(read(below, 'cgroup.events'));
    await freezeCgroup(path);
    assert.equal(isFrozen(), true);
    await freezeCgroup(below); // as a container does with a part of its own
    thawCgroup(path);
    await until('the thaw', () => !isFrozen());
  });

  if (version === 1)
    test(`${name}: the kernel can’t kill all in it at once, which is said`, t => {
      assert.equal(killByKernel(make(t)), false);
    });
}

function read(path: string, name: string): string {
  return readFileSync(join(path, name), 'utf8');
}

/** Those in which this process can make cgroups. */
function writableHierarchies() {
  return findHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'))
    .map(hierarchy => ({
      ...hierarchy,
      name: hierarchy.version === 2 ? 'version 2' : (hierarchy.options.at(-1) ?? ''),
    }))
    .filter(({ path, version, name }) => (version === 2 || name === 'freezer') && canMake(path));
}

function canMake(top: string): boolean {
  try {
    const probe = mkdtempSync(join(top, 'manager-probe-'));
    rmdirSync(probe);
    return existsSync(join(top, 'cgroup.procs'));
  } catch {
    return false;
  }
}

/** A process that does nothing, in a cgroup. */
async function runIn(path: string): Promise<ProcessIdentity> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  writeFileSync(join(path, 'cgroup.procs'), String(child.pid), { flag: 'r+' });
  return identify(child.pid!);
}

async function makeTarget(top: string, path: string) {
  const process = await runIn(path);
  const cgroups = readCgroups(process, undefined).filter(cgroup => cgroup.path.startsWith(top));
  assert.equal(cgroups.length, 1);
  return { process, monitor: undefined, cgroups, ownPidNamespace: false };
}

function identify(pid: number): ProcessIdentity {
  return identifyProcess(pid) ?? assert.fail(`no process ${pid}`);
}

async function removeCgroups(path: string): Promise<void> {
  thawCgroup(path);
  for (const pid of listCgroupProcesses(path)) process.kill(pid, 'SIGKILL');
  await until('an empty cgroup', () => listCgroupProcesses(path).length === 0);
  for (const directory of [join(path, 'below'), join(path, 'inner'), path])
    if (existsSync(directory)) rmdirSync(directory);
}
