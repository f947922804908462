// Exit files and exit command over the running kernel.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { type ExitCommand, runExitCommand } from '../../src/exit/exit-command.ts';
import { writeExitFiles } from '../../src/exit/exit-files.ts';
import { O_CLOEXEC, PR_SET_CHILD_SUBREAPER, SIGKILL } from '../../src/sys/constants.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';

const dir = mkdtempSync(join(tmpdir(), 'conmon-exit-'));
after(() => rmSync(dir, { recursive: true }));
const makeDir = (): string => mkdtempSync(join(dir, 'd-'));

describe('exit files on a real file system', () => {
  it('E7: both have mode 0644 and nothing else is left in the directories', () => {
    const [persistDir, exitDir] = [makeDir(), makeDir()];
    sys.umask(0o022);
    assert.equal(writeExitFiles(sys, { persistDir, exitDir, cid: 'abc' }, 137, assert.fail), true);
    assert.deepEqual([...readdirSync(persistDir), ...readdirSync(exitDir)], ['exit', 'abc']);
    for (const path of [join(persistDir, 'exit'), join(exitDir, 'abc')]) {
      assert.equal(statSync(path).mode, 0o100644);
      assert.equal(readFileSync(path, 'utf8'), '137');
    }
  });

  it('E6: a file that is there is replaced by another, not written to', () => {
    const exitDir = makeDir();
    writeFileSync(join(exitDir, 'abc'), 'a longer text than before');
    const before = statSync(join(exitDir, 'abc')).ino;
    writeExitFiles(sys, { exitDir, cid: 'abc' }, 0, assert.fail);
    assert.equal(readFileSync(join(exitDir, 'abc'), 'utf8'), '0');
    assert.notEqual(statSync(join(exitDir, 'abc')).ino, before);
  });

  it('E8: an ID of 5,000 characters is warned of, and leaves nothing behind', () => {
    const [persistDir, exitDir] = [makeDir(), makeDir()];
    const warnings: string[] = [];
    const cid = 'x'.repeat(5000);
    assert.equal(
      writeExitFiles(sys, { persistDir, exitDir, cid }, 1, text => warnings.push(text)),
      false,
    );
    assert.match(warnings.join(), /: File name too long$/);
    assert.deepEqual([readdirSync(persistDir), readdirSync(exitDir)], [['exit'], []]);
  });

  it('E8: a directory that is missing is warned of by name', () => {
    const warnings: string[] = [];
    const exitDir = join(dir, 'missing');
    writeExitFiles(sys, { exitDir, cid: 'abc' }, 1, text => warnings.push(text));
    assert.deepEqual(warnings, [`Failed to write 1 to exit file: ${exitDir}/abc: No such file or directory`]);
  });

  it('E8: a full disk keeps one file from being written, and not the other', {
    skip: missingForMount(),
  }, () => {
    const [full, exitDir] = [makeDir(), makeDir()];
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4096', 'conmon-test', full]);
    try {
      writeFileSync(join(full, 'filler'), Buffer.alloc(4096));
      const warnings: string[] = [];
      writeExitFiles(sys, { persistDir: full, exitDir, cid: 'abc' }, 3, text => warnings.push(text));
      assert.deepEqual(warnings, [
        `Failed to write 3 to container exit file: ${full}/exit: No space left on device`,
      ]);
      assert.deepEqual([readdirSync(full), readdirSync(exitDir)], [['filler'], ['abc']]);
    } finally {
      execFileSync('umount', [full]);
    }
  });
});

describe('exit command, started by the kernel', () => {
  it('E11: a relative path is found from the working directory, and PATH is not searched', () => {
    const file = makeScript('exit 7');
    assert.equal(run({ file: relative(process.cwd(), file) }).status, 7);
    const { status, warnings } = run({ file: 'true', environ: Buffer.from('PATH=/usr/bin:/bin\0') });
    assert.equal(status, 1);
    assert.deepEqual(warnings, ['Failed to execute exit command true: No such file or directory']);
  });

  it('E12: arguments and environment arrive, and no close-on-exec fd but stdio', () => {
    const out = join(makeDir(), 'out');
    const kept = sys.dup3(0, 200, O_CLOEXEC);
    const file = makeScript(`{ echo "$0|$1|$2|$A"; ls /proc/self/fd; } > ${out}`);
    const environ = Buffer.from('PATH=/usr/bin:/bin\0A=from the caller\0');
    assert.equal(run({ file, args: ['--root', ''], environ }).status, 0);
    const [said, ...fds] = readFileSync(out, 'utf8').trim().split('\n');
    assert.equal(said, `${file}|--root||from the caller`);
    for (const fd of ['0', '1', '2']) assert.ok(fds.includes(fd));
    assert.ok(!fds.includes(String(kept)));
    sys.close(kept);
  });

  it('E15: a helper that runs on does not keep us, one that has ended is reaped', () => {
    const status = new Int32Array(1);
    sys.prctl(PR_SET_CHILD_SUBREAPER, 1);
    const helper = spawnShell('exec sleep 1000 < /dev/null > /dev/null 2>&1');
    const ended = spawnShell('exit 0');
    const pidfd = sys.pidfdOpen(ended);
    const epfd = sys.epollCreate();
    sys.epollCtl(epfd, 1, pidfd, 1);
    assert.equal(sys.epollWait(epfd, new Int32Array(2), 20_000), 1);
    assert.equal(run({ file: makeScript('exit 5') }).status, 5);
    assert.ok(sys.waitpid(ended, status, 0) < 0);
    assert.equal(sys.waitpid(helper, status, 1), 0);
    sys.kill(helper, SIGKILL);
    assert.equal(sys.waitpid(helper, status, 0), helper);
    for (const fd of [pidfd, epfd]) sys.close(fd);
  });

  it('E13: the delay passes first', () => {
    const before = performance.now();
    run({ file: makeScript('exit 0'), delaySeconds: 1 });
    assert.ok(performance.now() - before >= 990);
  });
});

function run(command: Partial<ExitCommand>): { status: number; warnings: string[] } {
  const warnings: string[] = [];
  const whole = {
    file: '/bin/true',
    args: [],
    delaySeconds: 0,
    environ: Buffer.from('PATH=/usr/bin:/bin\0'),
  };
  const status = runExitCommand(
    sys,
    new Reactor(sys),
    { ...whole, ...command },
    text => warnings.push(text),
    () => {},
  );
  return { status, warnings };
}

function makeScript(body: string): string {
  const path = join(makeDir(), 'script');
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

function spawnShell(script: string): number {
  const environ = Buffer.from('PATH=/usr/bin:/bin\0');
  return sys.spawn({
    file: '/bin/sh',
    argv: ['sh', '-c', script],
    environ,
    fds: [],
    parentDeathSignal: SIGKILL,
  });
}

function missingForMount(): string | false {
  const probe = join(dir, 'probe');
  mkdirSync(probe, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4096', 'conmon-test', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe]);
    return false;
  } catch {
    return 'needs to mount a tmpfs, so root';
  }
}
