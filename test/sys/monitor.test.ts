// The monitor from its caller's go to its exit command. What it does is read from the calls that it made.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EPOLLIN,
  EPOLLOUT,
  F_DUPFD_CLOEXEC,
  SIGCHLD,
  SIGINT,
  SIGKILL,
  SIGQUIT,
  SIGTERM,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EAGAIN,
  EBADF,
  ECHILD,
  EINTR,
  ENOENT,
  ENOSPC,
  ENOSYS,
  EPIPE,
  ESRCH,
} from '../../src/sys/errno.ts';
import type { SpawnPlan } from '../../src/sys/sys.ts';
import {
  attachFd,
  clientFd,
  containerPid,
  create,
  exec,
  exited,
  Life,
  legacyExec,
  parkedFds,
  pidfd,
  runtimePid,
  startFd,
  syncFd,
  verdictFd,
} from './monitor-life.ts';

const answerOfPid = `answer {"data": ${containerPid}}`;
const pidAnswer = `{"data": ${containerPid}}\n`;

describe('create', () => {
  it('R1: is told in order, from the pid file to the exit command', () => {
    const life = new Life(create, { _OCI_STARTPIPE: `${startFd}` });
    life
      .turn(life.runtimeEnds())
      .turn(life.says('stdout', 'hello\nyou'))
      .turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assert.deepEqual(life.deeds(), [
      'session',
      'subreaper',
      'file /conmon-pid: 4242',
      'let go of stdio',
      'verdict',
      'bind attach',
      'fifo ctl',
      'fifo winsz',
      'start /runtime',
      `answer {"data": ${containerPid}}`,
      'log',
      'close parked fds',
      'unlink attach',
      'file /persist/exit: 3',
      'file /exits/id: 3',
      'close sync pipe',
      'sync log',
      'no subreaper',
      'start /cleanup',
    ]);
    assert.deepEqual(life.log, ['stdout F hello', 'stdout P you']);
    assert.equal(life.files['/proc/self/comm'], 'conmon', 'R21');
    assert.deepEqual(life.messages, []);
  });

  it('R3: starts the runtime with the container’s pipes, the parked fds at their numbers, and the caller’s variables', () => {
    const life = new Life([...create, '-i'], { _OCI_STARTPIPE: `${startFd}`, NAME: 'wert' });
    life.turn(life.runtimeEnds()).turn(life.containerEnds());
    life.run();
    const [runtime] = life.spawned;
    assert.deepEqual(runtime!.argv, [
      ...['/runtime', 'create', '--bundle', '/bundle', '--pid-file', '/pidfile', 'id'],
    ]);
    assert.deepEqual(
      runtime!.fds.map(({ to }) => to),
      [0, 1, 2, ...parkedFds],
    );
    const ours = [life.pipe('stdin'), life.pipe('stdout'), life.pipe('stderr')];
    assert.ok(runtime!.fds.every(({ from }) => !ours.includes(from)));
    assert.equal(
      Buffer.from(runtime!.environ).toString(),
      `_OCI_SYNCPIPE=${syncFd}\0_OCI_STARTPIPE=${startFd}\0NAME=wert\0`,
    );
    assert.equal(runtime!.oomScoreAdj, '100');
  });

  it('F10: its umask is 022 from the start, stderr is let go of before it is replaced, and each fd is closed once', () => {
    const life = new Life(create, { _OCI_STARTPIPE: `${startFd}` });
    life.turn(life.runtimeEnds()).turn(life.containerEnds());
    life.run();
    const { calls } = life.sys;
    assert.deepEqual(calls[0], ['umask', 0o022]);
    const replaced = calls.findIndex(([name]) => name === 'dup3');
    assert.equal(life.stderrDetachedAt.length, 1);
    assert.ok(life.stderrDetachedAt[0]! <= replaced);
    const closed = life.sys.called('close').map(([, fd]) => fd);
    for (const fd of [startFd, syncFd, pidfd]) assert.ok(closed.includes(fd), `${fd}`);
    assert.equal(new Set(closed).size, closed.length, `${closed}`);
  });

  it('when the exit command begins, all that was opened for the container is closed', () => {
    for (const more of [['-i'], ['-t'], ['--sdnotify-socket', '/host']]) {
      const life = new Life([...create, ...more], { _OCI_STARTPIPE: `${startFd}` });
      const left = findLeftOpen(life);
      const events = '/sys/fs/cgroup/box/memory.events';
      life.sys.file(`/proc/${containerPid}/cgroup`, '0::/box\n').file(events, 'oom 0\noom_kill 0\n');
      if (more[0] === '-t') life.turn(life.consoleComes());
      life.turn(life.clientComes()).turn(life.runtimeEnds()).turn(life.containerEnds());
      life.run();
      assert.deepEqual(left(), ['epollCreate', 'signalPipe'], more.join(' '));
    }
  });

  it('R25: after an error, the container that was killed is not followed any more', () => {
    const life = new Life(create);
    const left = findLeftOpen(life);
    life.turn(life.runtimeEnds()).turn(() => {
      life.waitErrno = EBADF;
    });
    assert.equal(life.run(), 1);
    assert.ok(!left().includes('pidfdOpen'));
  });

  it('the container’s ends of the pipes are closed once the runtime has them', () => {
    const life = new Life(create);
    life.turn(life.runtimeEnds()).turn(life.containerEnds());
    life.run();
    const calls = life.sys.calls;
    const started = calls.findIndex(([name]) => name === 'spawn');
    const theirs = life.spawned[0]!.fds.filter(({ to }) => to <= 2).map(({ from }) => from);
    const closed = calls.slice(started).filter(([name]) => name === 'close');
    for (const fd of theirs) assert.equal(closed.filter(([, other]) => other === fd).length, 1, `fd ${fd}`);
  });

  it('R10: what the runtime says on stderr before it ends well is the container’s', () => {
    const life = new Life(create);
    life
      .turn(life.says('stderr', 'warning\n'))
      .turn(life.runtimeEnds())
      .turn(life.says('stderr', 'own\n'), life.says('stdout', 'out\n'))
      .turn(life.containerEnds());
    life.run();
    assert.deepEqual(life.log.toSorted(), ['stderr F own', 'stderr F warning', 'stdout F out']);
    assert.deepEqual(life.answers, [pidAnswer]);
  });

  it('R10: an unfinished line and the end that come on stderr while the runtime runs: the journal has the line', () => {
    const life = new Life([...create, '-c', 'longer-than-12', '-l', 'journald']);
    life
      .turn(life.says('stderr', 'unfinished'))
      .turn(life.says('stderr', 0))
      .turn(life.runtimeEnds())
      .turn(life.containerEnds());
    life.run();
    const entries = life.sys.called('send').map(([, fd]) => life.sys.sent(fd as number).toString());
    assert.match(entries.join(), /unfinished/);
  });

  it('and it is logged as soon as that is known, while the container runs', () => {
    const life = new Life(create);
    let whileRunning: string[] = [];
    life
      .turn(life.says('stderr', 'early\n'))
      .turn(life.runtimeEnds())
      .turn(() => {
        whileRunning = life.log;
      }, life.containerEnds());
    life.run();
    assert.deepEqual(whileRunning, ['stderr F early']);
  });

  it('what is left in the pipes when the container has ended is logged', () => {
    const life = new Life(create);
    life
      .turn(life.runtimeEnds())
      .turn(life.containerEnds(), () => life.sys.arrive(life.pipe('stdout'), 'last\n', -EINTR, 'words'));
    life.run();
    assert.deepEqual(life.log, ['stdout F last', 'stdout P words']);
  });

  it('without places to say so, the end is in the monitor’s own status alone', () => {
    const life = new Life(['-c', 'id', '-u', 'uuid', '-r', '/runtime', '-p', '/pidfile', '-l', 'none']);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(7)));
    assert.equal(life.run(), 7);
    assert.deepEqual(life.answers, [`{"pid": ${containerPid}}\n`]);
    assert.deepEqual(life.sys.called('rename'), []);
    assert.equal(life.spawned.length, 1);
  });

  it('E1: a container that a signal killed has 128 and the signal’s number', () => {
    const life = new Life(create);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(SIGKILL));
    assert.equal(life.run(), 137);
    assertExitFiles(life, '137');
  });

  it('E16: an exit command that fails is the monitor’s status, and changes no file', () => {
    const life = new Life(create);
    life.exitCommandStatus = exited(9);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 9);
    assertExitFiles(life, '3');
  });

  it('with a terminal, the output is the console’s, and the sockets are gone once it is here', () => {
    const life = new Life([...create, '-t']);
    life
      .turn(life.consoleComes())
      .turn(life.nothing(), () => life.sys.arrive(35, 'prompt').events(35, EPOLLIN))
      .turn(life.runtimeEnds())
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    const argv = life.spawned[0]!.argv;
    const socket = argv[argv.indexOf('--console-socket') + 1]!;
    assert.match(socket, /^\/tmp\/conmon-term\./);
    assert.deepEqual(
      life.sys.called('unlink').map(([, path]) => path),
      [socket],
    );
    assert.deepEqual(life.answers, [pidAnswer]);
  });

  it('R3: with passthrough the runtime has the caller’s stdio, which is let go of after it has started', () => {
    const life = new Life([...create, '-l', 'passthrough']);
    life.turn(life.runtimeEnds()).turn(life.containerEnds());
    life.run();
    assert.deepEqual(
      life.spawned[0]!.fds.slice(0, 3).map(({ from, to }) => [from, to]),
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    );
    const deeds = life.deeds();
    assert.ok(deeds.indexOf('start /runtime') < deeds.indexOf('let go of stdio'));
    assert.ok(!deeds.includes('bind attach'));
  });

  it('E17: an OOM kill that is seen at the end is marked before the exit files', () => {
    const life = new Life(create);
    const events = '/sys/fs/cgroup/box/memory.events';
    life.sys.file(`/proc/${containerPid}/cgroup`, '0::/box\n').file(events, 'oom 0\noom_kill 0\n');
    life.turn(life.runtimeEnds()).turn(life.containerEnds(SIGKILL), () => {
      life.sys.file(events, 'oom 1\noom_kill 1\n');
    });
    life.run();
    const calls = life.sys.calls.map(call => call.slice(0, 3).join(' '));
    const marked = calls.findIndex(call => /^open(at)? .*\boom\b/.test(call) && !call.includes('oom_score'));
    assert.ok(marked > 0);
    assert.ok(marked < calls.findIndex(call => call.endsWith('/persist/exit')));
  });
});

describe('exec', () => {
  it('of version 1 has its pid, then its status after the exit files', () => {
    const life = new Life(exec);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assert.deepEqual(life.answers, [pidAnswer, '{"data": 3}\n']);
    assertBefore(life, 'file /exits/id: 3', 'answer {"data": 3}');
    assertBefore(life, 'answer {"data": 3}', 'start /cleanup');
  });

  it('of before has its status alone', () => {
    const life = new Life(legacyExec);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assert.deepEqual(life.answers, ['{"exit_code": 3}\n']);
  });

  it('of before that does not start has the reason', () => {
    const life = new Life(legacyExec);
    life.turn(life.says('stderr', 'no such file')).turn(life.runtimeEnds(exited(1)));
    assert.equal(life.run(), 1);
    assert.deepEqual(life.answers, ['{"exit_code": -1, "message": "no such file"}\n']);
  });

  it('without a start pipe nobody is waited for, and no fd touched that is none', () => {
    for (const more of [[], ['--exec-attach']]) {
      const life = new Life([...exec, ...more], { _OCI_ATTACHPIPE: `${attachFd}` });
      life.turn(life.runtimeEnds()).turn(life.containerEnds());
      assert.equal(life.run(), 0);
      const touched = life.sys.calls.filter(
        ([name, first, , third]) => (name === 'epollCtl' ? third : first) === -1,
      );
      assert.deepEqual(
        touched.filter(([name]) => ['close', 'read', 'epollCtl'].includes(name)),
        [],
      );
    }
  });

  it('with attach says that it is ready, and starts the runtime only when the caller has attached', () => {
    const life = new Life([...exec, '--exec-attach'], {
      _OCI_STARTPIPE: `${startFd}`,
      _OCI_ATTACHPIPE: `${attachFd}`,
    });
    life.turn(life.clientComes()).turn(life.callerGoes()).turn(life.runtimeEnds()).turn(life.containerEnds());
    assert.equal(life.run(), 0);
    for (const earlier of ['bind attach', 'fifo ctl', 'fifo winsz']) {
      assertBefore(life, earlier, 'attach pipe {"data": 0}');
    }
    assertBefore(life, 'attach pipe {"data": 0}', 'start /runtime');
    const calls = life.sys.calls;
    const read = calls.findIndex(([name, fd]) => name === 'read' && fd === startFd);
    assert.ok(read > 0 && read < calls.findIndex(([name]) => name === 'spawn'));
  });
});

describe('no container', () => {
  it('R9: a runtime that fails: the caller has its words, the exit command runs, no exit file says anything', () => {
    const life = new Life(create);
    life.turn(life.says('stderr', 'runc: "no"\n')).turn(life.runtimeEnds(exited(1)));
    assert.equal(life.run(), 1);
    assert.deepEqual(life.answers, ['{"data": -1, "message": "runc: \\"no\\"\\n"}\n']);
    assert.deepEqual(life.messages, [
      'warn: runtime stderr: runc: "no"\n',
      'error: Failed to create container: exit status 1',
    ]);
    assertNoExitFile(life);
    assert.deepEqual(life.deeds().slice(-7), [
      'close parked fds',
      'answer {"data": -1, "message": "runc: \\"no\\"\\n"}',
      'close sync pipe',
      'sync log',
      'unlink attach',
      'no subreaper',
      'start /cleanup',
    ]);
  });

  it('R9: words that come with the runtime’s end, and were not reported yet, are the caller’s too', () => {
    const life = new Life(create);
    life.turn(life.runtimeEnds(exited(1)), () => life.sys.arrive(life.pipe('stderr'), 'late words'));
    life.run();
    assert.deepEqual(life.answers, ['{"data": -1, "message": "late words"}\n']);
  });

  it('R9: a runtime that fails without a word: the caller learns its status', () => {
    for (const [status, words] of [
      [exited(1), '1'],
      [SIGKILL, '137'],
    ] as const) {
      const life = new Life(create);
      life.turn(life.runtimeEnds(status));
      assert.equal(life.run(), 1);
      assert.deepEqual(life.answers, [
        `{"data": -1, "message": "Failed to create container: exit status ${words}"}\n`,
      ]);
      assert.deepEqual(life.messages, [`error: Failed to create container: exit status ${words}`]);
    }
  });

  it('R2: a runtime that cannot be started', () => {
    const life = new Life(create);
    life.sys.answer('spawn', -EACCES);
    assert.equal(life.run(), 1);
    assert.deepEqual(life.answers, [
      '{"data": -1, "message": "Failed to execute runtime \\/runtime: Permission denied"}\n',
    ]);
    assertNoExitFile(life);
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
  });

  for (const [what, content, reason] of [
    ['no pid file', -ENOENT, 'No such file or directory'],
    ['an empty pid file', '', 'there is no pid in it'],
    ['a pid file with rubbish', 'rubbish', 'there is no pid in it'],
    ['a pid file that says 0', '0', 'there is no pid in it'],
    ['a pid file that says -1', '-1', 'there is no pid in it'],
  ] as const)
    it(`R8: ${what}: nothing is followed, and the caller learns why`, () => {
      const life = new Life(create);
      life.sys.file('/pidfile', content);
      life.turn(life.runtimeEnds());
      assert.equal(life.run(), 1);
      assert.deepEqual(life.answers, [
        `{"data": -1, "message": "Failed to read pidfile: \\/pidfile: ${reason}"}\n`,
      ]);
      assert.deepEqual(life.sys.called('pidfdOpen', 'kill', 'pidfdSendSignal'), []);
    });

  it('R14: no terminal: the runtime that ended well is not believed, and the socket is removed', () => {
    const life = new Life([...create, '-t']);
    life.turn(life.runtimeEnds());
    assert.equal(life.run(), 1);
    assert.deepEqual(life.answers, ['{"data": -1, "message": "Runtime did not set up terminal"}\n']);
    assert.match(String(life.sys.called('unlink')[0]![1]), /conmon-term/);
  });

  it('R14: a terminal that is there, but was not reported before the runtime’s end, is taken', () => {
    const life = new Life([...create, '-t']);
    life
      .turn(life.runtimeEnds(), () =>
        life.sys.answer('accept4', 36).answer('recvFd', (_fd, _buf, out) => {
          out[0] = 35;
          return 1;
        }),
      )
      .turn(life.containerEnds());
    assert.equal(life.run(), 0);
    assert.deepEqual(life.answers, [pidAnswer]);
  });
});

describe('exit status', () => {
  it('R16: a container that ends before its runtime, and before its pid is known, has its own', () => {
    const life = new Life(exec);
    life.turn(life.containerEnds(exited(3))).turn(life.runtimeEnds());
    assert.equal(life.run(), 3);
    assert.deepEqual(life.answers, [pidAnswer, '{"data": 3}\n']);
    assertExitFiles(life, '3');
    assert.deepEqual(life.sys.called('pidfdOpen'), []);
  });

  it('R16: the same where both end in one turn, whichever is reaped first', () => {
    for (const first of ['runtime', 'container']) {
      const life = new Life(create);
      const deaths = [life.runtimeEnds(), life.containerEnds(exited(3))];
      life.turn(...(first === 'runtime' ? deaths : deaths.reverse()));
      assert.equal(life.run(), 3, first);
      assertExitFiles(life, '3');
    }
  });

  it('R12: children that are nobody we know are reaped, and change nothing', () => {
    const life = new Life(create);
    life
      .turn(() => life.sys.dies(90, exited(1)).dies(91, SIGKILL), life.signal(SIGCHLD))
      .turn(life.runtimeEnds())
      .turn(() => life.sys.dies(92, exited(2)), life.signal(SIGCHLD))
      .turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    life.sys.assertDone();
  });

  it('E2: the status of somebody else’s child is 255 everywhere, and never 0', () => {
    const life = new Life(exec);
    life.turn(life.runtimeEnds()).turn(life.containerVanishes());
    assert.equal(life.run(), 255);
    assertExitFiles(life, '255');
    assert.deepEqual(life.answers.at(-1), '{"data": 255}\n');
  });

  it('E2: also where the container had vanished before it could be followed', () => {
    const life = new Life(create);
    life.sys.always('pidfdOpen', -ESRCH).answer('kill', -ESRCH);
    life.turn(life.runtimeEnds());
    assert.equal(life.run(), 255);
    assertExitFiles(life, '255');
  });

  it('E2: and where the kernel has no pidfds, once nobody has that pid', () => {
    const life = new Life(create);
    life.sys.always('pidfdOpen', -ENOSYS).answer('kill', 0, 0, -ESRCH);
    life.turn(life.runtimeEnds());
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 255);
    assert.equal(life.sys.monotonic[0] - before, 3);
    assertExitFiles(life, '255');
  });

  it('R16: a pidfd that tells of the end before SIGCHLD does loses no status', () => {
    const life = new Life(create);
    life.turn(life.runtimeEnds()).turn(() => life.sys.dies(containerPid, exited(3)).events(pidfd, EPOLLIN));
    assert.equal(life.run(), 3);
  });
});

describe('orders of arrival', () => {
  it('the runtime’s end, the container’s, and what it says: all orders and turns give the same answers, files and log', () => {
    let lives = 0;
    const events = ['runtime ends', 'container ends', 'stdout', 'stderr'] as const;
    for (const order of permute(events)) {
      if (order.indexOf('container ends') < Math.max(order.indexOf('stdout'), order.indexOf('stderr')))
        continue;
      for (const turns of cut(order)) {
        const life = new Life(exec);
        const happen = {
          'runtime ends': life.runtimeEnds(),
          'container ends': life.containerEnds(exited(3)),
          stdout: life.says('stdout', 'out\n'),
          stderr: life.says('stderr', 'err\n'),
        };
        for (const turn of turns) life.turn(...turn.map(event => happen[event]));
        const told = JSON.stringify(turns);
        assert.equal(life.run(), 3, told);
        assert.deepEqual(life.answers, [pidAnswer, '{"data": 3}\n'], told);
        assert.deepEqual(life.log.toSorted(), ['stderr F err', 'stdout F out'], told);
        assertExitFiles(life, '3');
        assertBefore(life, answerOfPid, 'file /persist/exit: 3');
        lives++;
      }
    }
    assert.equal(lives, 8 * 8);
  });

  it('the same with a terminal, which comes before its runtime ends', () => {
    for (const order of permute(['console comes', 'runtime ends', 'container ends'] as const)) {
      if (order.indexOf('runtime ends') < order.indexOf('console comes')) continue;
      for (const turns of cut(order)) {
        const life = new Life([...exec, '-t']);
        const happen = {
          'console comes': life.consoleComes(),
          'runtime ends': life.runtimeEnds(),
          'container ends': life.containerEnds(exited(3)),
        };
        for (const turn of turns) life.turn(...turn.map(event => happen[event]));
        assert.equal(life.run(), 3, JSON.stringify(turns));
        assert.deepEqual(life.answers, [pidAnswer, '{"data": 3}\n'], JSON.stringify(turns));
      }
    }
  });

  it('a runtime that fails, whatever of it had started and ended by then: no pid, no exit file', () => {
    for (const order of permute(['runtime fails', 'container ends', 'stderr'] as const)) {
      if (order.indexOf('runtime fails') < order.indexOf('stderr')) continue;
      for (const turns of cut(order)) {
        const life = new Life(exec);
        const happen = {
          'runtime fails': life.runtimeEnds(exited(1)),
          'container ends': life.containerEnds(exited(3)),
          stderr: life.says('stderr', 'no\n'),
        };
        for (const turn of turns) life.turn(...turn.map(event => happen[event]));
        assert.equal(life.run(), 1);
        assert.deepEqual(life.answers, ['{"data": -1, "message": "no\\n"}\n'], JSON.stringify(turns));
        assertNoExitFile(life);
      }
    }
  });
});

describe('timeout', () => {
  it('E5: kills the container’s group, and is -1 in the files and for an exec’s caller, with a message', () => {
    const life = new Life([...exec, '-T', '5']);
    life.turn(life.runtimeEnds()).turn(life.nothing()).turn(life.containerEnds(SIGKILL));
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 255);
    assert.equal(life.sys.monotonic[0] - before, 5);
    assert.deepEqual(
      life.deeds().filter(deed => deed.startsWith('signal')),
      [`signal ${SIGKILL} to -${containerPid}`],
    );
    assertExitFiles(life, '-1');
    assert.deepEqual(life.answers, [pidAnswer, '{"data": -1, "message": "command timed out"}\n']);
  });

  it('R18: a process that cannot be killed holds nothing up for more than a second', () => {
    const life = new Life([...create, '-T', '5']);
    life.isUnkillable = true;
    life.turn(life.runtimeEnds());
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 255);
    assert.equal(life.sys.monotonic[0] - before, 6);
    assertExitFiles(life, '-1');
  });

  it('R18: a container in our own process group is killed alone', () => {
    const life = new Life([...create, '-T', '5']);
    life.sys.always('getpgid', 4242);
    life.turn(life.runtimeEnds()).turn(life.nothing()).turn(life.containerEnds(SIGKILL));
    life.run();
    assert.deepEqual(life.sys.called('kill'), []);
    assert.ok(life.deeds().includes(`signal ${SIGKILL} to the container`));
  });

  it('R18: a container that ends in the very turn in which its time is up has its own status, and nobody is killed', () => {
    const life = new Life([...create, '-T', '5']);
    life.turn(life.runtimeEnds()).turn(() => life.sys.advance(5000), life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assertExitFiles(life, '3');
    assert.deepEqual(life.sys.called('kill', 'pidfdSendSignal'), []);
  });

  it('one that ends in time is not killed while its clients are served', () => {
    const life = outlastedByClient([...create, '-T', '1'], 'later', exited(3));
    life
      .turn(life.nothing())
      .turn(life.nothing())
      .turn(() => life.sys.events(clientFd, EPOLLOUT));
    assert.equal(life.run(), 3);
    assertExitFiles(life, '3');
  });
});

describe('signals', () => {
  it('G4, G9: those that come while it runs go to the container by its pidfd', () => {
    const life = new Life(create);
    life
      .turn(life.runtimeEnds())
      .turn(life.signal(SIGTERM, SIGQUIT))
      .turn(life.signal(SIGINT))
      .turn(life.containerEnds(SIGTERM));
    assert.equal(life.run(), 143);
    assert.deepEqual(signalsSent(life), [
      `signal ${SIGTERM} to the container`,
      `signal ${SIGQUIT} to the container`,
      `signal ${SIGINT} to the container`,
    ]);
  });

  it('G3: while the runtime runs they are the runtime’s', () => {
    const life = new Life(create);
    life.turn(life.signal(SIGTERM)).turn(life.runtimeEnds(SIGTERM));
    assert.equal(life.run(), 1);
    assert.deepEqual(signalsSent(life), [`signal ${SIGTERM} to ${runtimePid}`]);
    assert.match(life.answers[0]!, /"data": -1/);
  });

  it('G5: one that comes with the runtime’s end reaches the container, in either order', () => {
    for (const numbers of [
      [SIGCHLD, SIGTERM],
      [SIGTERM, SIGCHLD],
    ]) {
      const life = new Life(create);
      life
        .turn(() => life.sys.dies(runtimePid, 0), life.signal(...numbers))
        .turn(life.containerEnds(SIGTERM));
      assert.equal(life.run(), 143);
      assert.ok(signalsSent(life).includes(`signal ${SIGTERM} to the container`), numbers.join());
    }
  });

  it('G2: before there is a runtime they end the monitor, and the caller learns that there will be no container', () => {
    const life = new Life([...exec, '--exec-attach'], {
      _OCI_STARTPIPE: `${startFd}`,
      _OCI_ATTACHPIPE: `${attachFd}`,
    });
    life.turn(life.signal(SIGTERM));
    assert.equal(life.run(), 1);
    assert.match(life.answers.join(), /^\{"data": -1, "message": "Ended by signal 15/);
    assert.deepEqual(
      life.spawned.map(({ file }) => file),
      ['/cleanup'],
    );
  });

  it('G6: after the container’s end they are nobody’s, and the exit command still runs', () => {
    const life = new Life([...create, '--exit-delay', '2']);
    life
      .turn(life.runtimeEnds())
      .turn(life.containerEnds(exited(3)))
      .turn(life.signal(SIGTERM));
    assert.equal(life.run(), 3);
    assert.deepEqual(life.sys.called('kill'), []);
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
  });

  it('G9: without pidfds, none is sent to a pid whose process has been reaped', () => {
    const life = new Life([...create, '--exit-delay', '2']);
    life.sys.always('pidfdOpen', -ENOSYS);
    life
      .turn(life.runtimeEnds())
      .turn(life.containerEnds(exited(3)))
      .turn(life.signal(SIGTERM));
    assert.equal(life.run(), 3);
    assert.deepEqual(signalsSent(life), []);
  });
});

describe('clients', () => {
  it('one that has not read all holds the exit files up for two seconds, and is served on after them', () => {
    const life = outlastedByClient(create);
    life.turn(life.nothing()).turn(() => life.sys.events(clientFd, EPOLLOUT));
    const [before] = life.sys.monotonic;
    const secondsAtFiles: number[] = [];
    life.sys.always('rename', () => {
      secondsAtFiles.push(life.sys.monotonic[0] - before);
      return 0;
    });
    assert.equal(life.run(), 0);
    assert.deepEqual(secondsAtFiles, [0, 2, 2], 'the pid file, and the two at the end');
    assert.equal(life.sys.monotonic[0] - before, 2);
    assertBefore(life, 'unlink attach', 'close client');
    assertBefore(life, 'file /exits/id: 0', 'close client');
    assert.equal(life.sys.written(clientFd).toString(), '\x02for the client');
  });

  it('A25: one that never reads keeps the monitor for twenty seconds at the most, and nobody waits for it who waits for the files', () => {
    const life = outlastedByClient(create, 'never');
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 0);
    const seconds = life.sys.monotonic[0] - before;
    assert.ok(seconds >= 10 && seconds <= 20, `${seconds} s`);
    assertBefore(life, 'start /cleanup', 'close client');
    assert.match(
      life.messages.join(),
      /warn: Dropping a client of the attach socket: it has taken nothing for 10 s/,
    );
  });

  it('G6: a signal that came during the exit command, and was not yet noticed, does not end the waiting for a slow one', () => {
    const life = outlastedByClient(create);
    life.turn(life.nothing());
    const spawn = life.sys.spawn;
    life.sys.spawn = plan => {
      const pid = spawn(plan);
      if (plan.file === '/cleanup') {
        life.signal(SIGTERM)();
        life.turn(life.nothing()).turn(() => life.sys.events(clientFd, EPOLLOUT));
      }
      return pid;
    };
    assert.equal(life.run(), 0);
    assert.equal(life.sys.written(clientFd).toString(), '\x02for the client');
  });

  it('A25: a signal ends the waiting for one that never reads', () => {
    const life = outlastedByClient(create, 'never');
    life.turn(life.nothing()).turn(life.signal(SIGTERM));
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 0);
    assert.equal(life.sys.monotonic[0] - before, 2);
    assertBefore(life, 'start /cleanup', 'close client');
  });

  it('one that has read all sees its end before the exit files appear, and finds the socket gone', () => {
    const life = new Life(create);
    life
      .turn(life.clientComes())
      .turn(life.runtimeEnds())
      .turn(life.says('stdout', 'for the client'))
      .turn(life.containerEnds());
    life.run();
    for (const [first, then] of [
      ['log', 'close client'],
      ['unlink attach', 'close client'],
      ['close client', 'file /persist/exit: 0'],
    ] as const)
      assertBefore(life, first, then);
  });
});

describe('the delay before the exit command', () => {
  const delayed = [...create, '--exit-delay', '2'];
  const handedOver = (life: Life) => life.sys.called('endInCommand');

  it('E28: all else is done, and what is left is the command, the delay, the status and a warning', () => {
    const life = new Life(delayed);
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    const [, plan, ms, status, complaint] = handedOver(life)[0]!;
    assert.equal((plan as SpawnPlan).file, '/cleanup');
    assert.deepEqual([ms, status, complaint], [2000, 3, 'prepared: Failed to execute exit command /cleanup']);
    const at = life.sys.calls.findIndex(([name]) => name === 'endInCommand');
    const after = life.deedsByCall().filter(({ call }) => call > at);
    assert.deepEqual(
      after.map(({ text }) => text),
      ['no subreaper', 'start /cleanup'],
      'where it cannot be handed over, no more than that is done',
    );
  });

  it('E28: a client that reads its last in the delay has its end before the rest of the delay is handed over', () => {
    const life = outlastedByClient([...create, '--exit-delay', '5']);
    life.turn(life.nothing()).turn(() => life.sys.events(clientFd, EPOLLOUT));
    assert.equal(life.run(), 0);
    assert.equal(life.sys.written(clientFd).toString(), '\x02for the client');
    const { calls } = life.sys;
    const closed = calls.findIndex(([name, fd]) => name === 'close' && fd === clientFd);
    assert.ok(closed > 0 && closed < calls.findIndex(([name]) => name === 'endInCommand'));
  });

  it('E28: a container that was not started leaves the status 1', () => {
    const life = new Life(delayed);
    life.turn(life.runtimeEnds(exited(1)));
    assert.equal(life.run(), 1);
    assert.equal(handedOver(life)[0]![3], 1);
  });

  it('E28: one that was killed by --timeout leaves 255', () => {
    const life = new Life([...delayed, '--timeout', '1']);
    life
      .turn(life.runtimeEnds())
      .turn(() => life.sys.advance(1000))
      .turn(life.containerEnds(9));
    assert.equal(life.run(), 255);
    assert.equal(handedOver(life)[0]![3], 255);
  });

  it('E28: after an error that leaves us the clock, the delay is waited for here', () => {
    const life = new Life(delayed);
    life.turn(life.runtimeEnds()).turn(life.signal(SIGTERM));
    life.sys.answer('pidfdSendSignal', () => {
      throw new TypeError('made by the test');
    });
    const [before] = life.sys.monotonic;
    assert.equal(life.run(), 1);
    assert.equal(life.sys.monotonic[0] - before, 2);
    assert.deepEqual(handedOver(life), []);
    assert.doesNotMatch(life.messages.join(), /Failed to wait/);
  });

  it('E28: without a delay, and after an error, the monitor runs it itself', () => {
    const whole = new Life(create);
    whole.turn(whole.runtimeEnds()).turn(whole.containerEnds());
    const broken = new Life(delayed);
    broken.turn(broken.runtimeEnds()).turn(() => {
      broken.waitErrno = EBADF;
    });
    for (const life of [whole, broken]) {
      life.run();
      assert.deepEqual(handedOver(life), []);
      assert.equal(life.spawned.at(-1)!.file, '/cleanup');
    }
  });
});

describe('the system refuses', () => {
  it('E8: no space for one exit file: the other is written, the caller answered and the exit command run', () => {
    for (const [full, other] of [
      ['/persist/', '/exits/id'],
      ['/exits/', '/persist/exit'],
    ] as const) {
      const life = new Life(exec);
      refuse(life, 'write', full, ENOSPC);
      life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
      assert.equal(life.run(), 3);
      assert.equal(life.files[other], '3');
      assert.deepEqual(
        Object.keys(life.files).filter(path => path.startsWith(full)),
        [],
        'nothing is left behind',
      );
      assert.match(life.messages.join(), new RegExp(`${full}.*No space left on device`));
      assert.equal(life.answers.at(-1), '{"data": 3}\n');
      assert.equal(life.spawned.at(-1)!.file, '/cleanup');
    }
  });

  it('P13: a caller that has gone is no reason to let go of the container', () => {
    const life = new Life(exec);
    life.sys.always('write', (fd, _buf, _offset, length) => (fd === syncFd ? -EPIPE : length));
    life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assertExitFiles(life, '3');
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
    assert.deepEqual(life.messages, []);
  });

  it('a full disk under the log costs the log alone', () => {
    const life = new Life(create);
    refuse(life, 'write', '/log', ENOSPC);
    life
      .turn(life.runtimeEnds())
      .turn(life.says('stdout', 'lost\n'))
      .turn(life.containerEnds(exited(3)));
    assert.equal(life.run(), 3);
    assertExitFiles(life, '3');
    assert.match(life.messages.join(), /No space left on device/);
  });

  it('a conmon pid file that cannot be written ends it before the launcher is told, and the caller learns why', () => {
    const life = new Life(create);
    refuse(life, 'open', '/.conmon-pid', EACCES);
    assert.equal(life.run(), 1);
    assert.ok(!life.deeds().includes('verdict'));
    assert.ok(life.messages.some(message => /^error: .*conmon-pid: Permission denied/.test(message)));
    assert.match(life.answers[0]!, /"data": -1/);
  });

  it('G14: a launcher that did not take the verdict: no runtime is started, and the socket is removed', () => {
    const life = new Life(create);
    life.sys.always('read', (fd, buf, offset, length) =>
      fd === verdictFd ? 0 : life.sys.take(fd, buf.subarray(offset, offset + length), true),
    );
    assert.equal(life.run(), 1);
    assert.deepEqual(
      life.spawned.map(({ file }) => file),
      ['/cleanup'],
    );
    assertBefore(life, 'bind attach', 'unlink attach');
    assert.match(life.answers.join(), /^{"data": -1, "message": "The launcher was ended/);
    assertNoExitFile(life);
  });

  it('R25: the wait itself (EBADF): the container is killed before anybody is told that it has ended', () => {
    const life = new Life(exec);
    life.turn(life.runtimeEnds()).turn(() => {
      life.waitErrno = EBADF;
    });
    assert.equal(life.run(), 1);
    assert.deepEqual([...life.running], []);
    assertExitFiles(life, '137');
    assertBefore(life, `signal ${SIGKILL} to ${-containerPid}`, 'file /persist/exit: 137');
    assert.deepEqual(life.answers, [pidAnswer, '{"data": 137}\n']);
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
    assert.match(life.messages.join(), /error: Failed to wait: Bad file descriptor/);
  });

  it('R25: the wait itself, and the container is not our child and cannot be killed: nobody is told before it has ended', () => {
    const life = new Life(exec);
    life.isUnkillable = true;
    life.turn(life.runtimeEnds()).turn(() => {
      life.waitErrno = EBADF;
      life.sys.always('waitpid', -ECHILD);
    });
    let looks = 0;
    const kill = life.sys.kill;
    life.sys.kill = (pid, signal) => {
      if (signal === 0 && ++looks === 3) life.running.delete(containerPid);
      assert.equal(life.files['/persist/exit'], undefined);
      return kill(pid, signal);
    };
    assert.equal(life.run(), 1);
    assert.equal(looks, 3);
    assertExitFiles(life, '255');
  });

  it('R25: the wait itself, before the runtime has ended: it and the container that it has made are killed, and there is no exit file', () => {
    const life = new Life(create);
    life.turn(life.nothing()).turn(() => {
      life.waitErrno = EBADF;
    });
    assert.equal(life.run(), 1);
    assert.deepEqual([...life.running], []);
    assertNoExitFile(life);
    assert.match(life.answers.join(), /"data": -1, "message": "Failed to wait/);
  });

  it('E13: the wait itself, with a delay before the exit command: the command is run all the same', () => {
    const life = new Life([...create, '--exit-delay', '2']);
    life.turn(life.runtimeEnds()).turn(() => {
      life.waitErrno = EBADF;
    });
    assert.equal(life.run(), 1);
    assertExitFiles(life, '137');
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
  });
});

/** Refuses a call on whatever has a path that begins so. */
function refuse(life: Life, call: 'open' | 'write', beginning: string, errno: number): void {
  const { sys } = life;
  const perform = sys.perform.bind(sys);
  const fds = new Set<number>();
  sys.perform = (name, args) => {
    const [first] = args as unknown[];
    const isMeant = typeof first === 'string' ? first.startsWith(beginning) : fds.has(first as number);
    if (name === call && isMeant) {
      sys.calls.push([name, ...(args as unknown[])]);
      return -errno;
    }
    const answer = perform(name, args);
    if (name === 'open' && isMeant) fds.add(answer);
    if (name === 'close') fds.delete(first as number);
    return answer;
  };
}

/** The calls that have opened what is open when the exit command is started. */
function findLeftOpen({ sys }: Life): () => string[] {
  const open = new Map<number, string>();
  let left: string[] = [];
  const opens =
    /^(open|openat|socket|accept4|eventfd|epollCreate|inotifyInit|memfdCreate|pidfdOpen|signalPipe)$/;
  const perform = sys.perform.bind(sys);
  sys.perform = (name, args) => {
    const [first, second] = args as unknown[];
    if (name === 'spawn' && (first as SpawnPlan).file === '/cleanup') left = [...open.values()];
    const answer = perform(name, args);
    if (opens.test(name) || (name === 'fcntl' && second === F_DUPFD_CLOEXEC))
      if (answer >= 0) open.set(answer, name);
    if (name === 'pipe2') for (const fd of first as Int32Array) open.set(fd, name);
    if (name === 'recvFd' && answer > 0)
      open.set((args as unknown as [number, Uint8Array, Int32Array])[2][0]!, name);
    if (name === 'close') open.delete(first as number);
    return answer;
  };
  return () => left.toSorted();
}

/** A container that ends while a client has not read its output: it reads `later`, or `never`. */
function outlastedByClient(args: readonly string[], reads: 'later' | 'never' = 'later', status = 0): Life {
  const life = new Life(args);
  const refuse = () => life.sys[reads === 'later' ? 'answer' : 'always']('send', -EAGAIN);
  return life
    .turn(life.clientComes())
    .turn(life.runtimeEnds())
    .turn(refuse, life.says('stdout', 'for the client'))
    .turn(life.containerEnds(status));
}

function assertExitFiles(life: Life, content: string): void {
  assert.equal(life.files['/persist/exit'], content);
  assert.equal(life.files['/exits/id'], content);
}

function assertNoExitFile(life: Life): void {
  assert.equal(life.files['/persist/exit'], undefined);
  assert.equal(life.files['/exits/id'], undefined);
}

function assertBefore(life: Life, first: string, then: string): void {
  const deeds = life.deeds();
  assert.ok(deeds.includes(first), `${first} in: ${deeds.join('; ')}`);
  assert.ok(deeds.includes(then), `${then} in: ${deeds.join('; ')}`);
  assert.ok(deeds.indexOf(first) < deeds.indexOf(then), `${first}, then ${then}: ${deeds.join('; ')}`);
}

function signalsSent(life: Life): string[] {
  return life.deeds().filter(deed => deed.startsWith('signal') && !deed.startsWith('signal 0'));
}

function permute<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permute(items.toSpliced(i, 1)).map(rest => [item, ...rest]));
}

/** Every way to cut the items into one or more pieces. */
function cut<T>(items: readonly T[]): T[][][] {
  if (items.length <= 1) return [[[...items]]];
  return items.flatMap((_, i) => {
    const first = items.slice(0, i + 1);
    return i + 1 === items.length ? [[first]] : cut(items.slice(i + 1)).map(rest => [first, ...rest]);
  });
}
