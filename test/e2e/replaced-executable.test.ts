// The installed executable is replaced while monitors run from it, and while some are just starting.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { conmon, form, withoutStatic } from '../fixtures/conmon.ts';
import { makeFolder, makeGate, openGate, runsAtExit, startMonitored } from '../fixtures/monitored.ts';

/** Each writes to the file that is there. */
const writers: Record<string, (path: string, newer: string) => void> = {
  'opened to be written anew, as by scp': path => closeSync(openSync(path, 'w')),
  'opened to be written in its middle, as by rsync --inplace': path => closeSync(openSync(path, 'r+')),
  'opened for appending': path => closeSync(openSync(path, 'a')),
  truncated: path => truncateSync(path, 100_000),
  'overwritten by cp': (path, newer) => run('cp', newer, path),
  'overwritten by dd': (path, newer) => run('dd', `if=${newer}`, `of=${path}`, 'conv=notrunc'),
};

/** Each puts another file in its place. */
const replacers: Record<string, (path: string, newer: string) => void> = {
  'replaced by rename, as by dpkg, rpm and rsync': (path, newer) => {
    linkSync(path, `${path}.dpkg-tmp`);
    renameSync(newer, path);
    rmSync(`${path}.dpkg-tmp`);
  },
  'replaced by cp -f': (path, newer) => run('cp', '-f', newer, path),
  'replaced by install': (path, newer) => run('install', newer, path),
  removed: path => rmSync(path),
};

if (form === 'compiled') {
  for (const [what, write] of Object.entries(writers))
    test(`R24 executable: ${what} while it runs: that is refused, and every monitor goes on`, {
      skip: withoutTextBusy(),
    }, t => {
      const { path, newer, finish } = startThree(t);
      const before = readFileSync(path);
      assert.throws(() => write(path, newer), /ETXTBSY|Text file busy/);
      assert.ok(readFileSync(path).equals(before));
      finish();
    });

  for (const [what, replace] of Object.entries(replacers))
    test(`R24 executable: ${what} while it runs: every monitor goes on as it is, and those that start later are of the new one`, t => {
      const { path, newer, finish } = startThree(t);
      replace(path, newer);
      finish();
      if (existsSync(path)) assert.equal(spawnSync(path).stdout.toString(), 'newer\n');
    });

  test('R24 executable: nothing of it is opened or executed again, from its start to its end', {
    skip: withoutStatic || withoutStrace(), // sanitizers ask where they are
  }, t => {
    const trace = join(makeFolder(t), 'trace');
    const box = startMonitored(t, {
      before: ['strace', '-f', '-qq', '-e', 'trace=%file', '-e', 'signal=none', '-o', trace],
      container: 'exit 3',
      args: ['--exit-delay', '1', '--exit-command', '/bin/true'],
    });
    assert.equal(box.end(), 3);
    const lines = readFileSync(trace, 'utf8').split('\n');
    const ofOurs = [lines[0]!.split(' ')[0], box.monitor].map(pid => `${pid} `); // the launcher's come first
    const calls = lines.filter(call => ofOurs.some(pid => call.startsWith(pid)));
    const own = calls.filter(call => call.includes(conmon) || call.includes('/exe"'));
    assert.equal(own.length, 1, own.join('\n'));
    assert.match(own[0]!, / execve\(/);
  });
}

/** One that runs, one that has ended and waits before its exit command, and one whose launcher waits for its go. */
function startThree(t: TestContext) {
  const dir = makeFolder(t);
  const [path, newer] = [join(dir, 'conmon'), join(dir, 'newer')];
  copyFileSync(conmon, path);
  writeFileSync(newer, '#!/bin/sh\necho newer\n', { mode: 0o755 });
  const { ino } = statSync(path);
  const [gate, mark] = [makeGate(t), join(dir, 'mark')];
  const running = startMonitored(t, { conmon: path, container: `read go <${gate}; echo out; exit 3` });
  const command = runsAtExit(`: >${mark}`);
  const waiting = startMonitored(t, {
    conmon: path,
    container: 'exit 4',
    args: ['--exit-delay', '1', ...command],
  });
  const starting = startMonitored(t, {
    conmon: path,
    container: 'echo out; exit 5',
    caller: { startPipe: true },
  });
  running.started();
  assert.equal(waiting.exitStatus(), '4');
  const exeOf = (pid: number) => statSync(`/proc/${pid}/exe`).ino;
  assert.equal(exeOf(starting.caller.pid), ino);
  return {
    path,
    newer,
    finish(): void {
      assert.equal(exeOf(running.monitor), ino);
      openGate(gate);
      assert.equal(running.end(), 3);
      assert.equal(running.output(), 'out\n');
      assert.equal(waiting.end(), 4);
      assert.ok(existsSync(mark));
      starting.caller.go();
      assert.ok(starting.started() > 0);
      assert.equal(starting.end(), 5);
      assert.equal(starting.output(), 'out\n');
      for (const box of [running, waiting, starting]) assert.equal(box.caller.stderr(), '');
    },
  };
}

function run(file: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status !== 0) throw new Error(stderr);
}

/** Linux 6.11 let everybody write to what is executed, and has been mended since. */
function withoutTextBusy(): string | false {
  try {
    closeSync(openSync(process.execPath, 'r+'));
    return 'needs a kernel that lets nobody write to what is executed';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ETXTBSY'
      ? false
      : 'needs the right to write to Node.js';
  }
}

function withoutStrace(): string | false {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0 ? false : 'needs strace';
}
