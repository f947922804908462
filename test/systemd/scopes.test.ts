// Scopes, made by a real systemd.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../fixtures/waiting.ts';
import { Machine } from './harness/machine.ts';
import type { Placed, Placing } from './programs/place.ts';

let machine: Machine;

before(async () => {
  machine = await Machine.boot();
});

after(() => machine?.close());

test('S2, S3 scope: the process is in it when the placement resolves, and systemd has it as it was asked for', async () => {
  const placed = await place('one');
  assert.deepEqual(placed.failure, undefined);
  assert.equal(placed.cgroup, '/system.slice/conmon-one.scope');
  const shown = [
    'ActiveState',
    'Description',
    'Delegate',
    'DefaultDependencies',
    'CollectMode',
    'KillSignal',
  ];
  assert.deepEqual(await machine.show('conmon-one.scope', ...shown), {
    ActiveState: 'active',
    Description: 'conmon of container one',
    Delegate: 'yes',
    DefaultDependencies: 'no',
    CollectMode: 'inactive-or-failed',
    KillSignal: '15',
  });
});

test('scope: slice, name and signal are the caller’s', async () => {
  const options = { slice: 'machine.slice', unit: 'crio-conmon-{id}.scope', killSignal: 'SIGPIPE' } as const;
  const placed = await place('two', { options });
  assert.equal(placed.cgroup, '/machine.slice/crio-conmon-two.scope');
  assert.deepEqual(await machine.show('crio-conmon-two.scope', 'KillSignal'), { KillSignal: '13' });
});

test('scope: an ID that no unit may be named after is escaped as systemd-escape does', async () => {
  const placed = await place('a+b c');
  const name = `conmon-${await machine.ok('systemd-escape', 'a+b c')}.scope`;
  assert.equal(placed.cgroup, `/system.slice/${name}`);
});

test('scope: another process for the same ID joins the first', async () => {
  const [first, second] = [await place('three'), await place('three')];
  assert.equal(second.failure, undefined);
  assert.equal(second.cgroup, first.cgroup);
  assert.deepEqual(await listProcesses('/system.slice/conmon-three.scope'), [first.pid, second.pid]);
});

test('scope: it is gone when its last process is', async () => {
  const { pid } = await place('four');
  await machine.ok('kill', '-KILL', String(pid));
  await untilState('conmon-four.scope', 'inactive');
  assert.equal((await place('four')).failure, undefined);
});

test('S5 scope: a unit that has failed and lies about is cleared away', async () => {
  const scope = ['--scope', '--quiet', '--unit=conmon-five.scope', '--property=RuntimeMaxSec=100ms'];
  await machine.run('systemd-run', [...scope, 'sleep', '1000']);
  await untilState('conmon-five.scope', 'failed');
  const placed = await place('five');
  assert.equal(placed.failure, undefined);
  assert.equal(placed.cgroup, '/system.slice/conmon-five.scope');
});

test('S5 scope: somebody else’s unit of that name is not touched, and systemd’s words say why', async () => {
  const scope = ['--scope', '--quiet', '--unit=conmon-six.scope'];
  const others = machine.run('systemd-run', [...scope, 'sleep', '1000']);
  await untilState('conmon-six.scope', 'active');
  const { failure } = await place('six');
  assert.equal(failure?.dbusName, 'org.freedesktop.systemd1.UnitExists');
  assert.match(failure?.message ?? '', /it exists and takes no more processes: .*delegated/);
  assert.equal((await listProcesses('/system.slice/conmon-six.scope')).length, 1);
  await machine.ok('systemctl', 'stop', 'conmon-six.scope');
  await others;
});

test('scope: a process that has ended is no failure', async () => {
  const placed = await place('seven', { ended: true });
  assert.equal(placed.failure, undefined);
});

test('scope: fifty at once each get their own', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `many-${index}`);
  const placed = await machine.runProgram<Placed[]>('place.ts', {
    ids,
    options: { timeLimitMs: 60_000 }, // for all of them, on two processors or fewer
  });
  assert.deepEqual(
    placed.map(({ cgroup, failure }) => failure ?? cgroup),
    ids.map(id => `/system.slice/conmon-${id}.scope`),
  );
});

test('S8 job: one that ends for want of its slice is reported as "dependency"', async () => {
  await addUnit('bad.slice', '[Unit]\nAssertPathExists=/nonexistent\n');
  const { failure } = await place('eight', { options: { slice: 'bad.slice' } });
  assert.deepEqual([failure?.name, failure?.result], ['ScopeError', 'dependency']);
  assert.deepEqual(await machine.show('conmon-eight.scope', 'ActiveState'), { ActiveState: 'inactive' });
});

test('job: one that somebody cancels is reported as "canceled"', async () => {
  await addSlowSlice('nine');
  const placed = place('nine', { options: { slice: 'nine.slice' } });
  const job = await untilQueued('conmon-nine.scope');
  await machine.ok('systemctl', 'cancel', job);
  assert.equal((await placed).failure?.result, 'canceled');
});

test('S9 job: one that takes too long is given up and cancelled', async () => {
  await addSlowSlice('ten');
  const { failure } = await place('ten', { options: { slice: 'ten.slice', timeLimitMs: 5000 } });
  assert.equal(failure?.name, 'TimeLimitError');
  await until(
    'no job',
    async () => !(await machine.ok('systemctl', 'list-jobs')).includes('conmon-ten.scope'),
  );
  assert.deepEqual(await machine.show('conmon-ten.scope', 'ActiveState'), { ActiveState: 'inactive' });
});

test('S7 systemd: its executing itself anew while a job waits loses nothing', async () => {
  await addSlowSlice('eleven');
  const placed = place('eleven', { options: { slice: 'eleven.slice', timeLimitMs: 20_000 } });
  await untilQueued('conmon-eleven.scope');
  const owner = await findUniqueName();
  await machine.ok('systemctl', 'daemon-reexec');
  await machine.ok('sh', '-c', 'echo > /run/eleven');
  assert.equal((await placed).failure, undefined);
  assert.notEqual(await findUniqueName(), owner);
});

test('systemd: its answering too late leaves no scope behind', async () => {
  machine.freeze();
  const late = await place('late', { options: { timeLimitMs: 300 } }).finally(() => machine.thaw());
  assert.equal(late.failure?.name, 'TimeLimitError');
  // Answered after what was asked before it: systemd takes messages of its bus in their order.
  assert.equal((await place('later')).failure, undefined);
  await untilState('conmon-late.scope', 'inactive');
});

test('bus: its going away while a job waits is an error at once', async () => {
  await addSlowSlice('twelve');
  const placed = place('twelve', { options: { slice: 'twelve.slice', timeLimitMs: 20_000 } });
  await untilQueued('conmon-twelve.scope');
  await machine.ok('systemctl', 'kill', '--signal=KILL', 'dbus.service');
  const { failure } = await placed;
  assert.equal(failure?.name, 'ScopeError');
  assert.match(failure?.message ?? '', /the bus at \/run\/dbus\/system_bus_socket closed the connection/);
  await machine.ok('systemctl', 'restart', 'dbus.service');
  await machine.untilOnBus();
});

test('user: without the right to, systemd’s refusal is passed on', async () => {
  const { failure } = await placeAsDaemon('thirteen', { bus: 'system' });
  assert.equal(failure?.dbusName, 'org.freedesktop.DBus.Error.AccessDenied');
});

test('user: with a systemd of their own, the scope is made there', async () => {
  await machine.ok('systemctl', 'start', 'user.service');
  await until('the user’s systemd on its bus', async () => {
    const asked = await machine.run(
      'setpriv',
      [...asDaemon, 'busctl', '--user', 'status', systemdName],
      userEnv,
    );
    return asked.exitCode === 0;
  });
  const placed = await placeAsDaemon('fourteen');
  assert.equal(placed.failure, undefined);
  assert.equal(placed.cgroup, '/system.slice/user.service/app.slice/conmon-fourteen.scope');
});

const systemdName = 'org.freedesktop.systemd1';
const asDaemon = ['--reuid=daemon', '--regid=daemon', '--clear-groups'];
const userEnv = { XDG_RUNTIME_DIR: '/run/user/daemon' };

async function place(id: string, placing: Partial<Placing> = {}): Promise<Placed> {
  const [placed] = await machine.runProgram<Placed[]>('place.ts', { ids: [id], ...placing });
  return placed!;
}

async function placeAsDaemon(id: string, options: Placing['options'] = {}): Promise<Placed> {
  const command = machine.formatProgram('place.ts', { ids: [id], options } satisfies Placing);
  const { stdout, stderr } = await machine.run('setpriv', [...asDaemon, ...command], userEnv);
  assert.equal(stderr, '');
  return (JSON.parse(stdout) as Placed[])[0]!;
}

async function findUniqueName(): Promise<string> {
  const bus = ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus'];
  return machine.ok('busctl', 'call', ...bus, 'GetNameOwner', 's', systemdName);
}

async function listProcesses(cgroup: string): Promise<number[]> {
  const text = await machine.ok('cat', `/sys/fs/cgroup${cgroup}/cgroup.procs`);
  return text.split('\n').map(Number);
}

async function untilState(unit: string, state: string): Promise<void> {
  await until(
    `${unit} ${state}`,
    async () => (await machine.show(unit, 'ActiveState'))['ActiveState'] === state,
  );
}

/** The number of the job that waits. */
async function untilQueued(unit: string): Promise<string> {
  return until(`a job of ${unit}`, async () => {
    const { Job } = await machine.show(unit, 'Job');
    return Job || undefined;
  });
}

async function addUnit(name: string, text: string): Promise<void> {
  await machine.ok(
    'sh',
    '-euc',
    'printf %s "$2" > "/run/units/$1"; systemctl daemon-reload',
    'sh',
    name,
    text,
  );
}

/** A slice that starts when somebody writes to the fifo /run/NAME. */
async function addSlowSlice(name: string): Promise<void> {
  await machine.ok('mkfifo', `/run/${name}`);
  await addUnit(
    `${name}.service`,
    `[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=cat /run/${name}\n`,
  );
  await addUnit(`${name}.slice`, `[Unit]\nRequires=${name}.service\nAfter=${name}.service\n`);
}
