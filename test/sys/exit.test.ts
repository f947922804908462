import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type ExitCommand,
  planExitCommand,
  reapZombies,
  runExitCommand,
  type Waiting,
} from '../../src/exit/exit-command.ts';
import { writeExitFiles } from '../../src/exit/exit-files.ts';
import { PR_SET_CHILD_SUBREAPER } from '../../src/sys/constants.ts';
import {
  EACCES,
  ECHILD,
  EEXIST,
  EINTR,
  EIO,
  ENOENT,
  ENOMEM,
  ENOSPC,
  EPERM,
  EROFS,
} from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';

const places = { persistDir: '/persist', exitDir: '/exits', cid: 'abc' };

function writeFiles(sys: ScriptedSys, status = 0, where: Parameters<typeof writeExitFiles>[1] = places) {
  const warnings: string[] = [];
  const all = writeExitFiles(sys, where, status, message => warnings.push(message));
  return { all, warnings, renamed: sys.called('rename').map(([, , to]) => to) };
}

describe('exit files', () => {
  it('E3: the persist file is renamed into place before the exit file is begun', () => {
    const sys = createScriptedSys();
    assert.deepEqual(writeFiles(sys), { all: true, warnings: [], renamed: ['/persist/exit', '/exits/abc'] });
    assert.deepEqual(
      sys.calls.map(([name]) => name).filter(name => name !== 'getrandom'), // for the temporary names
      ['open', 'write', 'close', 'rename', 'open', 'write', 'close', 'rename'],
    );
  });

  it('E4: only the files that were asked for are written', () => {
    assert.deepEqual(writeFiles(createScriptedSys(), 0, { exitDir: '/exits', cid: 'abc' }).renamed, [
      '/exits/abc',
    ]);
    assert.deepEqual(writeFiles(createScriptedSys(), 0, { persistDir: '/p', cid: 'abc' }).renamed, [
      '/p/exit',
    ]);
    assert.deepEqual(createCalls({ cid: 'abc' }), []);
  });

  it('E5: the content is the decimal status without a newline', () => {
    for (const status of [0, 7, 137, 255, -1]) {
      const sys = createScriptedSys();
      writeFiles(sys, status);
      const contents = sys.called('write').map(([, , content]) => String(content));
      assert.deepEqual(contents, [String(status), String(status)]);
    }
  });

  it('E6: written under another name in the same directory, which no container ID looks like', () => {
    const sys = createScriptedSys();
    writeFiles(sys);
    const temporary = sys.called('open').map(([, path]) => String(path));
    assert.match(temporary[0]!, /^\/persist\/\.[^/]*~$/);
    assert.match(temporary[1]!, /^\/exits\/\.[^/]*~$/);
    assert.deepEqual(
      sys.called('rename').map(([, from]) => from),
      temporary,
    );
  });

  it('E6: a name that is taken is not used, another is', () => {
    const sys = createScriptedSys().answer('open', -EEXIST, -EEXIST);
    assert.equal(writeFiles(sys).all, true);
    const [first, second, third] = sys.called('open').map(([, path]) => path);
    assert.equal(new Set([first, second, third]).size, 3);
    assert.equal(sys.called('rename')[0]![1], third);
  });

  it('E7: the mode asked for is 0666, less the umask', () => {
    const sys = createScriptedSys();
    writeFiles(sys);
    assert.deepEqual(
      sys.called('open').map(([, , , mode]) => mode),
      [0o666, 0o666],
    );
  });

  for (const [errno, reason] of [
    [ENOSPC, 'No space left on device'],
    [EIO, 'Input/output error'],
  ] as const)
    it(`E8: ${reason} while writing removes the temporary file, warns, and the other file is written`, () => {
      const sys = createScriptedSys().answer('write', -errno);
      const { all, warnings, renamed } = writeFiles(sys, 137);
      assert.equal(all, false);
      assert.deepEqual(warnings, [`Failed to write 137 to container exit file: /persist/exit: ${reason}`]);
      assert.deepEqual(renamed, ['/exits/abc']);
      assert.deepEqual(sys.called('unlink'), [['unlink', sys.called('open')[0]![1]]]);
    });

  it('E8: a file system that is read-only leaves nothing to remove', () => {
    const sys = createScriptedSys().answer('open', -EROFS, -ENOENT);
    const { all, warnings } = writeFiles(sys);
    assert.equal(all, false);
    assert.deepEqual(warnings, [
      'Failed to write 0 to container exit file: /persist/exit: Read-only file system',
      'Failed to write 0 to exit file: /exits/abc: No such file or directory',
    ]);
    assert.deepEqual(sys.called('unlink', 'rename', 'write'), []);
  });

  it('E8: an error that only closing tells of is one', () => {
    const sys = createScriptedSys().answer('close', -ENOSPC);
    const { warnings, renamed } = writeFiles(sys);
    assert.match(warnings.join(), /persist\/exit: No space left on device$/);
    assert.deepEqual(renamed, ['/exits/abc']);
  });

  it('E8: a name that cannot be taken removes the temporary file', () => {
    const sys = createScriptedSys().answer('rename', 0, -EACCES);
    const { warnings } = writeFiles(sys);
    assert.deepEqual(warnings, ['Failed to write 0 to exit file: /exits/abc: Permission denied']);
    assert.deepEqual(sys.called('unlink'), [['unlink', sys.called('open')[1]![1]]]);
  });

  it('E9: an ID that leads out of the directory is warned of, and nothing is opened for it', () => {
    for (const cid of ['../etc/x', 'a/b', '.', '..', '', 'a\0b']) {
      const sys = createScriptedSys();
      const { all, warnings } = writeFiles(sys, 0, { ...places, cid });
      assert.equal(all, false);
      assert.equal(warnings.length, 1);
      assert.deepEqual(
        sys.called('rename').map(([, , to]) => to),
        ['/persist/exit'],
      );
    }
  });

  it('E10: interrupted and short writes are carried on', () => {
    const sys = createScriptedSys().answer('write', -EINTR, 1, -EINTR);
    assert.equal(writeFiles(sys, 137).all, true);
    const [first, second] = sys.called('open').map((_, i) => sys.written(100 + i).toString());
    assert.deepEqual([first, second], ['137', '137']);
    sys.assertDone();
  });

  function createCalls(where: Parameters<typeof writeExitFiles>[1]): unknown[] {
    const sys = createScriptedSys();
    writeFiles(sys, 0, where);
    return sys.calls;
  }
});

const command: ExitCommand = {
  file: '/usr/bin/podman',
  args: ['--root', '', 'container', 'cleanup'],
  delaySeconds: 0,
  environ: Buffer.from('A=1\0'),
  oomScoreAdj: '100',
};

function run(
  sys: ScriptedSys,
  more: Partial<ExitCommand> = {},
  waiting?: Waiting,
): { status: number; warnings: string[] } {
  const warnings: string[] = [];
  const reactor = new Reactor(sys);
  const status = runExitCommand(
    sys,
    reactor,
    { ...command, ...more },
    message => warnings.push(message),
    () => {},
    waiting,
  );
  return { status, warnings };
}

describe('exit command', () => {
  it('E11: the file as given, itself as the first argument, the others in order', () => {
    const { file, argv } = planExitCommand({ ...command, file: 'cleanup' });
    assert.equal(file, 'cleanup');
    assert.deepEqual(argv, ['cleanup', '--root', '', 'container', 'cleanup']);
  });

  it("E12: it gets the caller's environment, stdio alone, the old OOM score, no death signal", () => {
    const plan = planExitCommand(command);
    assert.deepEqual(plan.environ, command.environ);
    assert.deepEqual(
      plan.fds.map(({ from, to }) => [from, to]),
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    );
    assert.equal(plan.oomScoreAdj, '100');
    assert.equal(plan.parentDeathSignal, 0);
    assert.equal('oomScoreAdj' in planExitCommand({ ...command, oomScoreAdj: undefined }), false);
    assert.equal('openFilesMax' in plan, false);
    assert.equal(planExitCommand({ ...command, openFilesMax: 1024 }).openFilesMax, 1024);
  });

  it('E13: the delay passes before anything is done', () => {
    const sys = createScriptedSys().dies(5000, 0);
    const before = sys.monotonic[0];
    run(sys, { delaySeconds: 5 });
    assert.ok(sys.monotonic[0] - before >= 5);
    const names = sys.calls.map(([name]) => name);
    assert.ok(names.lastIndexOf('epollWait') < names.indexOf('prctl'));
  });

  it('E13: without a delay nothing is waited for', () => {
    const sys = createScriptedSys().dies(5000, 0);
    run(sys);
    assert.deepEqual(sys.called('epollWait'), []);
  });

  it('E13: a wait that fails is a warning, and the command is run', () => {
    const sys = createScriptedSys().dies(5000, 0).answer('epollWait', -ENOMEM);
    assert.deepEqual(run(sys, { delaySeconds: 5 }), {
      status: 0,
      warnings: ['Failed to wait before the exit command: Failed to wait: Cannot allocate memory'],
    });
  });

  it('E13: an interrupted wait goes on to the end of the delay', () => {
    const sys = createScriptedSys().dies(5000, 0).answer('epollWait', -EINTR);
    const before = sys.monotonic[0];
    run(sys, { delaySeconds: 5 });
    assert.ok(sys.monotonic[0] - before >= 5);
  });

  it('E28: as soon as nobody needs us in the delay, what is left of it is handed over with the command', () => {
    const sys = createScriptedSys().dies(5000, 0);
    let turnsNeeded = 1;
    const handed: unknown[] = [];
    const { status } = run(
      sys,
      { delaySeconds: 5 },
      {
        isNeeded: () => {
          if (turnsNeeded-- <= 0) return false;
          sys.answer('epollWait', () => {
            sys.advance(1500);
            return 0;
          });
          return true;
        },
        handOver: (plan, leftMs) => handed.push([plan, leftMs]),
      },
    );
    assert.deepEqual(handed, [[planExitCommand(command), 3500]]);
    assert.equal(status, 0, 'where that cannot be, we wait and run it ourselves');
    assert.equal(sys.called('spawn').length, 1);
    assert.ok(sys.monotonic[0] >= 1005);
  });

  it('E28: without a delay, and with one that has passed, nothing is handed over', () => {
    for (const delaySeconds of [0, 5]) {
      const sys = createScriptedSys().dies(5000, 0);
      run(sys, { delaySeconds }, { isNeeded: () => true, handOver: () => assert.fail() });
      assert.equal(sys.called('spawn').length, 1);
    }
  });

  it('E14: we stop being a subreaper before it starts; that it fails is a warning', () => {
    const sys = createScriptedSys().dies(5000, 0).answer('prctl', -EPERM);
    const { warnings } = run(sys);
    assert.deepEqual(
      sys.called('prctl', 'spawn').map(call => call.slice(0, 3)),
      [
        ['prctl', PR_SET_CHILD_SUBREAPER, 0],
        ['spawn', planExitCommand(command)],
      ],
    );
    assert.deepEqual(warnings, ['Failed to disable self subreaper attribute: Operation not permitted']);
  });

  it('E15: we wait for the command, reap what else has ended, and not for what runs on', () => {
    const sys = createScriptedSys();
    sys
      .dies(77, 0)
      .dies(5000, 3 << 8)
      .answer('waitpid', -EINTR);
    sys.spawn(planExitCommand({ ...command, file: '/helper' })); // 5000 is this one's pid, and it has ended
    sys.dies(5001, 4 << 8);
    assert.equal(run(sys).status, 4);
    const waits = sys.called('waitpid').map(([, pid, options]) => [pid, options]);
    assert.deepEqual(waits.slice(0, 2), [
      [5001, 0],
      [5001, 0],
    ]);
    assert.ok(waits.slice(2).every(([pid, options]) => pid === -1 && options === 1));
    sys.assertDone();
  });

  it('E15: reaping ends when no child is left and when the rest are alive', () => {
    for (const last of [0, -ECHILD]) {
      const sys = createScriptedSys().answer('waitpid', 7, -EINTR, 8, last);
      reapZombies(sys);
      assert.equal(sys.called('waitpid').length, 4);
    }
  });

  it('E16: a command that is killed has failed', () => {
    assert.equal(run(createScriptedSys().dies(5000, 9)).status, 137);
  });

  it('E16: one that cannot be started is a warning that names it, and status 1', () => {
    const sys = createScriptedSys().answer('spawn', -ENOENT);
    assert.deepEqual(run(sys), {
      status: 1,
      warnings: ['Failed to execute exit command /usr/bin/podman: No such file or directory'],
    });
    assert.deepEqual(sys.called('waitpid'), []);
  });

  it('E2: one whose status nobody can get has no status 0', () => {
    assert.equal(run(createScriptedSys().answer('waitpid', -ECHILD, -ECHILD)).status, 255);
  });
});
