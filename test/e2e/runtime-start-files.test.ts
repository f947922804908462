// The files that a monitor makes: where they are while the container runs, what is left of them, and what an earlier
// monitor's are to the next.

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { sys } from '../../src/sys/real.ts';
import { startConmon } from '../fixtures/caller.ts';
import { conmon } from '../fixtures/conmon.ts';
import {
  fixture,
  listChildren,
  type Monitored,
  makeFolder,
  makeGate,
  openGate,
  startMonitored,
  waitForChild,
} from '../fixtures/monitored.ts';

const socket = 'socket 700';
const fifo = 'fifo 640'; // 0660 less the umask
const beforeTheEnd = { bundle: { attach: socket, ctl: fifo, winsz: fifo }, exits: {}, persist: {} };
const afterTheEnd = {
  bundle: { ctl: fifo, winsz: fifo },
  exits: { id: 'file 644' },
  persist: { exit: 'file 644' },
};
const others = { LOG: 'file 640', 'conmon-pid': 'file 644' };

for (const umask of ['000', '077'])
  test(`F1, F2, F3, F4, F6, F8, F10 files: while it runs and after it, with their modes, under a caller’s umask of ${umask}`, t => {
    const gate = makeGate(t);
    const box = startMonitored(t, {
      cid: 'id',
      container: `read go <${gate}; exit 3`,
      before: ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh'],
    });
    box.started();
    assert.deepEqual(listFiles(box), { ...beforeTheEnd, ...others });
    assert.equal(readFileSync(box.conmonPidFile, 'utf8'), String(box.monitor));
    openGate(gate);
    assert.equal(box.end(), 3);
    assert.deepEqual(listFiles(box), { ...afterTheEnd, ...others });
    assert.equal(readFileSync(box.conmonPidFile, 'utf8'), String(box.monitor));
  });

test('F5 files: without --full-attach there is one link, to the bundle, as long as the container runs', t => {
  const gate = makeGate(t);
  const dir = makeFolder(t);
  const sockets = join(dir, 'sockets');
  for (const folder of ['sockets', 'bundle']) mkdirSync(join(dir, folder));
  const caller = startConmon({
    conmon,
    args: [
      ...['-c', 'id', '-u', 'uuid', '-n', 'name', '-b', join(dir, 'bundle'), '-l', 'none'],
      ...['-r', fixture('runtime-starts-container'), '-p', join(dir, 'pid'), '--sync'],
      ...['--socket-dir-path', sockets],
    ],
    env: { ...(process.env as Record<string, string>), CONTAINER: `read go <${gate}; exit 3` },
  });
  t.after(() => caller.remove());
  assert.ok((caller.readSync()?.value ?? 0) > 0);
  assert.deepEqual(readdirSync(sockets), ['uuid']);
  assert.equal(readlinkSync(join(sockets, 'uuid')), join(dir, 'bundle'));
  assert.ok(existsSync(join(sockets, 'uuid/attach')));
  openGate(gate);
  assert.equal(caller.wait(), 3);
  assert.deepEqual(readdirSync(sockets), []);
});

test('F9 files: the console socket is in TMPDIR for its owner alone, and gone when the runtime ends without using it', t => {
  const temporary = makeFolder(t);
  const box = startMonitored(t, { runtime: 'runtime-hangs', args: ['-t'], env: { TMPDIR: temporary } });
  const runtime = waitForChild(box.monitor, 'sleep');
  const [name = '', ...more] = readdirSync(temporary);
  assert.match(name, /^conmon-term\./);
  assert.deepEqual(more, []);
  assert.equal(describeFile(join(temporary, name)), socket);
  sys.kill(runtime, SIGKILL);
  assert.equal(box.caller.readSync()?.value, -1);
  assert.equal(box.end(), 1);
  assert.deepEqual(readdirSync(temporary), []);
});

test('F11 files: what is left where there was no container', t => {
  const box = startMonitored(t, { runtime: 'runtime-fails' });
  assert.equal(box.caller.readSync()?.value, -1);
  assert.equal(box.end(), 1);
  assert.deepEqual(listFiles(box), {
    ...{ bundle: afterTheEnd.bundle, exits: {}, persist: {} },
    ...others,
  });
});

test('F12 files: a command line that is refused makes none', t => {
  const box = startMonitored(t, { args: ['--no-such-option'] });
  assert.equal(box.caller.wait(), 1);
  assert.deepEqual(listFiles(box), { bundle: {}, exits: {}, persist: {} });
});

test('F13 files: those of a monitor that was killed are in nobody’s way, and are the next one’s', t => {
  const first = startMonitored(t, { cid: 'id', container: 'exec sleep 3600' });
  const container = first.started();
  sys.kill(first.monitor, SIGKILL);
  assert.equal(first.end(), 137);
  assert.deepEqual(listFiles(first), { ...beforeTheEnd, ...others });
  sys.kill(container, SIGKILL);
  for (const path of [join(first.dir, 'exits/id'), first.persistFile]) writeFileSync(path, '99');

  const conmonPidFile = join(first.dir, 'conmon-pid');
  const second = startMonitored(t, {
    cid: 'id',
    container: 'exec sleep 3600',
    args: [
      ...['-b', first.bundle, '-l', first.log, '-p', first.containerPidFile, '-P', conmonPidFile],
      ...['--exit-dir', join(first.dir, 'exits'), '--persist-dir', join(first.dir, 'persist'), '--sync'],
    ],
  });
  second.started();
  sys.kill(second.monitor, SIGTERM);
  assert.equal(second.end(), 143);
  assert.deepEqual(listFiles(first), { ...afterTheEnd, ...others });
  assert.equal(readFileSync(join(first.dir, 'exits/id'), 'utf8'), '143');
  assert.equal(readFileSync(first.persistFile, 'utf8'), '143');
});

test('F14 files: an exec without a bundle makes its log and exit files, and nothing in its working directory', t => {
  const dir = makeFolder(t);
  for (const folder of ['cwd', 'exits']) mkdirSync(join(dir, folder));
  writeFileSync(join(dir, 'spec'), '{}');
  const caller = startConmon({
    conmon,
    cwd: join(dir, 'cwd'),
    args: [
      ...['-c', 'id', '-n', 'name', '-r', fixture('runtime-starts-container'), '-e', '--sync'],
      ...['-p', join(dir, 'pid'), '-l', join(dir, 'LOG'), '--exec-process-spec', join(dir, 'spec')],
      ...['--exit-dir', join(dir, 'exits')],
    ],
    env: { ...(process.env as Record<string, string>), CONTAINER: 'exit 3' },
  });
  t.after(() => caller.remove());
  assert.equal(caller.wait(), 3);
  assert.equal(caller.readSync()?.value, 3);
  assert.deepEqual(readdirSync(join(dir, 'cwd')), []);
  assert.deepEqual(readdirSync(dir).toSorted(), ['LOG', 'cwd', 'exits', 'pid', 'spec']);
  assert.deepEqual(readdirSync(join(dir, 'exits')), ['id']);
  assert.deepEqual(listChildren(), []);
});

test('F7 files: a container pid file that is there already, and empty, is the runtime’s to fill', t => {
  const pidFile = join(makeFolder(t), 'pid');
  writeFileSync(pidFile, '');
  const box = startMonitored(t, { container: 'exit 3', args: ['-p', pidFile] });
  const pid = box.started();
  assert.equal(box.end(), 3);
  assert.equal(readFileSync(pidFile, 'utf8'), String(pid));
});

test('F7 files: by default the runtime is told to write the pid file to the working directory', t => {
  const [cwd, dir] = [makeFolder(t), makeFolder(t)];
  mkdirSync(join(dir, 'bundle'));
  const caller = startConmon({
    conmon,
    cwd,
    args: [
      ...['-c', 'id', '-u', 'uuid', '-n', 'name', '-b', join(dir, 'bundle'), '-l', 'none', '--full-attach'],
      ...['-r', fixture('runtime-starts-container'), '--sync'],
    ],
    env: { ...(process.env as Record<string, string>), CONTAINER: 'exit 3' },
  });
  t.after(() => caller.remove());
  const pid = caller.readSync()?.value;
  assert.equal(caller.wait(), 3);
  assert.deepEqual(readdirSync(cwd), ['pidfile-id']);
  assert.equal(readFileSync(join(cwd, 'pidfile-id'), 'utf8'), String(pid));
});

/** Kind and mode of what is in each folder of the box, and beside them; not the runtime's pid file. */
function listFiles(box: Monitored): Record<string, unknown> {
  const list = (folder: string) =>
    Object.fromEntries(
      readdirSync(folder)
        .toSorted()
        .map(name => [name, describeFile(join(folder, name))]),
    );
  const folders = Object.fromEntries(
    ['bundle', 'exits', 'persist'].map(name => [name, list(join(box.dir, name))]),
  );
  const { pid: _, bundle: __, exits: ___, persist: ____, ...rest } = list(box.dir);
  return { ...folders, ...rest };
}

function describeFile(path: string): string {
  const stats = lstatSync(path);
  const kind = stats.isSocket() ? 'socket' : stats.isFIFO() ? 'fifo' : stats.isFile() ? 'file' : 'other';
  return `${kind} ${(stats.mode & 0o7777).toString(8)}`;
}
