// Letting go of the caller, over scripted calls.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detachStdio, openDevNull } from '../../src/parent/caller-stdio.ts';
import { becomeSubreaper, takeName, writeConmonPidfile } from '../../src/parent/own-process.ts';
import { awaitLauncher, giveVerdict } from '../../src/parent/verdict.ts';
import {
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_RDWR,
  O_WRONLY,
  PR_SET_CHILD_SUBREAPER,
  PR_SET_PDEATHSIG,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  ECONNRESET,
  EINTR,
  EINVAL,
  EMFILE,
  ENOENT,
  ENOSPC,
  EPERM,
  EPIPE,
  EROFS,
} from '../../src/sys/errno.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';

describe('conmon pid file', () => {
  it('has our pid, no newline, and appears whole', () => {
    const sys = createScriptedSys().answer('getpid', 31337);
    writeConmonPidfile(sys, '/run/box/conmon.pid');
    const [, temporary, flags, mode] = sys.called('open')[0]!;
    assert.match(String(temporary), /^\/run\/box\/\./);
    assert.equal((flags as number) & (O_CREAT | O_EXCL | O_CLOEXEC), O_CREAT | O_EXCL | O_CLOEXEC);
    assert.equal(mode, 0o666);
    assert.equal(sys.written(100).toString(), '31337');
    assert.deepEqual(
      sys.calls.slice(-3).map(([name]) => name),
      ['write', 'close', 'rename'],
    );
    assert.deepEqual(sys.called('rename'), [['rename', temporary, '/run/box/conmon.pid']]);
  });

  it('short and interrupted writes are carried on', () => {
    const sys = createScriptedSys().answer('write', -EINTR, 1);
    writeConmonPidfile(sys, '/p');
    assert.equal(sys.written(100).toString(), '4242');
  });

  for (const [call, errno, words] of [
    ['open', ENOENT, 'No such file or directory'],
    ['open', EROFS, 'Read-only file system'],
    ['write', ENOSPC, 'No space left on device'],
    ['close', ENOSPC, 'No space left on device'],
    ['rename', EACCES, 'Permission denied'],
  ] as const)
    it(`${call} that is refused (${words}) is fatal, names the file and leaves nothing behind`, () => {
      const sys = createScriptedSys().answer(call, -errno);
      assert.throws(() => writeConmonPidfile(sys, '/p'), {
        name: 'FatalError',
        message: `Failed to write conmon pidfile: /p: ${words}`,
        path: '/p',
      });
      const opened = sys.called('open').map(([, path]) => path);
      assert.deepEqual(
        sys.called('unlink').map(([, path]) => path),
        call === 'open' ? [] : opened,
      );
    });
});

describe('subreaper', () => {
  it('takes a session of its own, then the orphans', () => {
    const sys = createScriptedSys();
    becomeSubreaper(sys);
    assert.deepEqual(sys.calls, [['setsid'], ['prctl', PR_SET_CHILD_SUBREAPER, 1]]);
  });

  it('a session that is refused is one that we have already', () => {
    const sys = createScriptedSys().answer('setsid', -EPERM);
    becomeSubreaper(sys);
    assert.equal(sys.called('prctl').length, 1);
  });

  it('without the orphans there is no watching over a container', () => {
    assert.throws(() => becomeSubreaper(createScriptedSys().answer('prctl', -EINVAL)), {
      message: 'Failed to set as subreaper: Invalid argument',
    });
  });
});

describe('name', () => {
  it('is conmon, without a newline', () => {
    const sys = createScriptedSys();
    takeName(sys);
    assert.deepEqual(sys.called('open'), [['open', '/proc/self/comm', O_WRONLY | O_CLOEXEC, 0]]);
    assert.equal(sys.written(100).toString(), 'conmon');
    assert.deepEqual(sys.called('close'), [['close', 100]]);
  });

  it('without /proc it is not taken, and nothing is closed', () => {
    const sys = createScriptedSys().file('/proc/self/comm', -ENOENT);
    takeName(sys);
    assert.deepEqual(sys.called('write', 'close'), []);
  });

  it('that is refused costs nothing', () => {
    const sys = createScriptedSys().answer('write', -EACCES);
    takeName(sys);
    assert.equal(sys.called('close').length, 1);
  });
});

describe('stdio', () => {
  it('all three become /dev/null, for those we start as well', () => {
    const sys = createScriptedSys();
    const devNull = openDevNull(sys);
    assert.deepEqual(sys.calls, [['open', '/dev/null', O_RDWR | O_CLOEXEC, 0]]);
    detachStdio(sys, devNull);
    assert.deepEqual(
      sys.called('dup3'),
      [0, 1, 2].map(fd => ['dup3', devNull, fd, 0]),
    );
  });

  it('no /dev/null is fatal', () => {
    assert.throws(() => openDevNull(createScriptedSys().answer('open', -EMFILE)), {
      message: 'Failed to open /dev/null: Too many open files',
    });
  });
});

describe('verdict', () => {
  const verdictFd = 9;
  const gone = { name: 'FatalError', message: 'The launcher was ended before it knew that the monitor runs' };

  it('G14: is one byte, before which the order to end with the launcher is taken back: it may end now', () => {
    const sys = createScriptedSys();
    giveVerdict(sys, verdictFd);
    assert.deepEqual(sys.calls, [
      ['prctl', PR_SET_PDEATHSIG, 0],
      ['write', verdictFd, Buffer.alloc(1)],
    ]);
  });

  it('the launcher answers with a byte and ends, and the socket is closed', () => {
    const sys = createScriptedSys().arrive(verdictFd, '\0', 0);
    awaitLauncher(sys, verdictFd);
    assert.deepEqual(sys.calls.at(-1), ['close', verdictFd]);
    sys.assertDone();
  });

  it('nobody waits for it: nothing is called', () => {
    const sys = createScriptedSys();
    giveVerdict(sys, -1);
    awaitLauncher(sys, -1);
    assert.deepEqual(sys.calls, []);
  });

  it('G14: a launcher that has gone (EPIPE) is the end', () => {
    assert.throws(() => giveVerdict(createScriptedSys().answer('write', -EPIPE), verdictFd), gone);
  });

  for (const [what, answer] of [
    ['ends without its answer', 0],
    ['has not read the verdict (ECONNRESET)', -ECONNRESET],
  ] as const)
    it(`G14: a launcher that ${what} is the end`, () => {
      const sys = createScriptedSys().arrive(verdictFd, answer);
      assert.throws(() => awaitLauncher(sys, verdictFd), gone);
      assert.deepEqual(sys.calls.at(-1), ['close', verdictFd]);
      sys.assertDone();
    });

  it('interrupted calls are repeated', () => {
    const sys = createScriptedSys().answer('write', -EINTR).arrive(verdictFd, -EINTR, '\0', -EINTR, 0);
    giveVerdict(sys, verdictFd);
    awaitLauncher(sys, verdictFd);
    assert.equal(sys.written(verdictFd).length, 1);
    sys.assertDone();
  });
});
