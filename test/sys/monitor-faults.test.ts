// Each call of a monitor's life refused, or broken by a mistake of ours: whatever it is, nobody waits in vain, nobody is
// told that all went well, and nothing is left running that is said to have ended.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLOUT,
  F_DUPFD_CLOEXEC,
  SIGKILL,
  SIGTERM,
} from '../../src/sys/constants.ts';
import { EAGAIN, EIO, EMFILE, ENOMEM } from '../../src/sys/errno.ts';
import type { SpawnPlan } from '../../src/sys/sys.ts';
import {
  clientFd,
  containerPid,
  create,
  exec,
  exited,
  Life,
  legacyExec,
  syncFd,
  terminalFd,
} from './monitor-life.ts';

const pidAnswer = `{"data": ${containerPid}}\n`;
/** What opens them gets these numbers. */
const [journalFd, inotifyFd, notifyFd, hostFd, terminalOutputFd] = [37, 38, 39, 40, 41];

/** Lives of 3 as exit status, in which every room has something to do. */
const lives: Readonly<Record<string, () => Life>> = {
  exec: () => {
    const life = new Life(exec);
    return life
      .turn(life.runtimeEnds())
      .turn(life.says('stdout', 'hello\n'), life.says('stderr', 'oh\n'))
      .turn(life.signal(SIGTERM))
      .turn(life.containerEnds(exited(3)));
  },

  'a busy container': () => {
    const life = watchForOom(new Life([...create, '-i']));
    const stdin = () => life.pipe('stdin');
    return life
      .turn(life.clientComes())
      .turn(life.runtimeEnds())
      .turn(() => life.sys.answer('send', -EAGAIN), life.says('stdout', 'hello\n'), life.says('stderr', 'oh'))
      .turn(() => refuseOnce(life, 'write', stdin(), -EAGAIN), life.clientSends('input'))
      .turn(() => life.sys.events(stdin(), EPOLLOUT).events(clientFd, EPOLLOUT))
      .turn(life.control('1 20 30\n2 0 0\n'))
      .turn(() => life.sys.file(memoryEvents, 'oom 1\noom_kill 1\n').events(inotifyFd, EPOLLIN))
      .turn(life.says('stdout', 'more\n'), life.clientEnds())
      .turn(life.signal(SIGTERM))
      .turn(life.containerEnds(exited(3)));
  },

  'a terminal': () => {
    const life = watchForOom(new Life([...create, '-t', '-i']));
    life.sys.always('fcntl', (_fd, command) => (command === F_DUPFD_CLOEXEC ? terminalOutputFd : 0));
    return life
      .turn(life.consoleComes())
      .turn(life.clientComes(), life.runtimeEnds())
      .turn(() => life.sys.arrive(terminalOutputFd, 'hello\r\n').events(terminalOutputFd, EPOLLIN))
      .turn(() => refuseOnce(life, 'write', terminalFd, -EAGAIN), life.clientSends('input'))
      .turn(() => life.sys.events(terminalFd, EPOLLOUT))
      .turn(life.control('1 20 30\n'))
      .turn(life.containerEnds(exited(3)));
  },

  'a journal that is full for a while': () => {
    const life = new Life([
      ...create.map(arg => (arg === 'k8s-file:/log' ? 'journald:' : arg === 'id' ? '0123456789abcdef' : arg)),
      ...['--sdnotify-socket', '/host'],
    ]);
    life.sys.answer('socket', journalFd, notifyFd, hostFd);
    return life
      .turn(life.runtimeEnds())
      .turn(() => life.sys.answer('send', -EAGAIN), life.says('stdout', 'hello\n'))
      .turn(() => life.sys.events(journalFd, EPOLLOUT))
      .turn(() => life.sys.arrive(notifyFd, 'READY=1').events(notifyFd, EPOLLIN))
      .turn(life.containerEnds(exited(3)));
  },
};

const memoryEvents = '/sys/fs/cgroup/box/memory.events';

function watchForOom(life: Life): Life {
  life.sys.file(`/proc/${containerPid}/cgroup`, '0::/box\n').file(memoryEvents, 'oom 0\noom_kill 0\n');
  life.sys.always('inotifyInit', inotifyFd);
  return life;
}

describe('a mistake of ours', () => {
  const whole = lives['exec']!();
  whole.run();

  it('R25: thrown in a handler: the container is killed, an answer, the exit command, and where it was made', () => {
    const life = lives['exec']!();
    life.sys.answer('pidfdSendSignal', () => {
      throw new TypeError('x is not a function');
    });
    assert.equal(life.run(), 1);
    for (const path of ['/persist/exit', '/exits/id']) assert.equal(life.files[path], '137');
    assert.deepEqual(life.answers, [pidAnswer, '{"data": 137}\n']);
    assert.deepEqual(life.log, ['stdout F hello', 'stderr F oh']);
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
    assert.match(life.messages.join(), /error: TypeError: x is not a function\n +at /);
  });

  it('R25: thrown between the pid and its report: who waits for a pid learns that there is none, and why', () => {
    for (const [args, answer] of [
      [create, '{"data": -1, "message": "made by the test"}\n'],
      [exec, '{"data": -1, "message": "made by the test"}\n'],
      [legacyExec, '{"exit_code": 137}\n'], // it waits for a status, and gets one
    ] as const) {
      const life = new Life(args);
      life.sys.answer('pidfdOpen', () => {
        throw new TypeError('made by the test');
      });
      life.turn(life.says('stderr', 'a warning\n')).turn(life.runtimeEnds());
      assert.equal(life.run(), 1);
      assert.deepEqual(life.answers, [answer]);
      assert.deepEqual(life.log, ['stderr F a warning']); // the runtime has ended well: it is output
    }
  });

  it('R25: and another one in a last act: that act is named, and the next ones are done', () => {
    const life = lives['exec']!();
    life.sys.answer('pidfdSendSignal', () => {
      throw new TypeError('the first');
    });
    life.sys.answer('fsync', () => {
      throw new TypeError('the second');
    });
    assert.equal(life.run(), 1);
    assert.match(
      life.messages.join(),
      /error: TypeError: the first\n.*error: syncLogs: TypeError: the second\n/s,
    );
    assert.equal(life.spawned.at(-1)!.file, '/cleanup');
  });

  it('thrown after the status is known: the files have the status', () => {
    const life = lives['exec']!();
    const times = whole.sys.called('unlinkat').length; // the last is for the attach socket
    life.sys.answer('unlinkat', ...new Array<number>(times - 1).fill(0), () => {
      throw new TypeError('x');
    });
    assert.equal(life.run(), 1);
    for (const path of ['/persist/exit', '/exits/id']) assert.equal(life.files[path], '3');
    assert.equal(life.answers.at(-1), '{"data": 3}\n');
  });
});

for (const [name, begin] of Object.entries(lives))
  describe(`faults in the life of ${name}`, () => {
    const whole = begin();
    const status = whole.run();
    const { calls } = whole.sys;
    const eachCall = [...calls.keys()].slice(whole.callsBefore);
    const firstFollowed = calls.findIndex(([call]) => call === 'pidfdOpen');
    const isFollowedAt = (at: number) => at >= firstFollowed;

    it('none: its end is the container’s', () => {
      assert.equal(status, 3);
      whole.sys.assertDone();
    });

    it('R25: a mistake of ours in any one call: it ends, with a last answer and the exit command, and leaves nothing running', () => {
      const problems = eachCall.flatMap(at => {
        const life = begin();
        breakCall(life, at, () => {
          throw new TypeError('made by the test');
        });
        return findProblems(life, isFollowedAt(at), at);
      });
      assert.deepEqual(problems, []);
    });

    for (const [words, errno] of Object.entries({ EIO, ENOMEM }))
      it(`R25: any one call refused (${words}): the same, and a container that is followed comes to its own end`, () => {
        const problems = eachCall.flatMap(at => {
          const life = begin();
          breakCall(life, at, () => -errno);
          return [...findProblems(life, undefined, at), ...(isFollowedAt(at) ? findHarm(life, at) : [])];
        });
        assert.deepEqual(problems, []);
      });

    it('or with all later calls of one name refused (EMFILE): no exit file says 0, and it ends', () => {
      for (const call of new Set(calls.slice(whole.callsBefore).map(([call]) => call))) {
        if (call === 'epollWait' || call === 'clockGettime') continue; // without a clock there is no timer
        const life = begin();
        const monitor = life.start();
        life.sys.always(call, -EMFILE as never);
        assert.doesNotThrow(() => monitor.run(), call);
        for (const path of exitFiles(life)) assert.notEqual(life.files[path], '0', call);
      }
    });
  });

/** Whatever went wrong in that call: nobody waits in vain, and nobody is told that all went well. */
function findProblems(life: Life, wasFollowed: boolean | undefined, at: number): string[] {
  const problems: string[] = [];
  try {
    life.start().run();
  } catch (error) {
    problems.push(`it throws ${error}`);
  }
  const { files, answers, sys } = life;
  const broken = sys.calls[at]!;
  const written = exitFiles(life).flatMap(path => files[path] ?? []);
  const isFollowed = wasFollowed ?? (sys.called('pidfdOpen').length > 0 || answers.includes(pidAnswer));
  if (isFollowed && written.length === 0) problems.push('no exit file');
  if (!isFollowed && written.length > 0) problems.push('an exit file of no container');
  // G11: what a runtime leaves that did not do as it should is for the caller to delete.
  const isStartFailure = /Failed to read pidfile|did not set up terminal/.test(life.messages.join());
  if (life.running.size > 0 && !isStartFailure) problems.push(`${[...life.running]} are left running`);
  if (!written.every(content => ['3', '137', '255'].includes(content)))
    problems.push(`a file says ${written}`);
  const isAnswer = broken[0] === 'write' && broken[1] === syncFd; // then there is no other way to the caller
  if (answers.length === 0 && !isAnswer) problems.push('no answer');
  if (answers.join().includes('"data": 0')) problems.push('the answer is 0');
  for (const path of exitFiles(life)) {
    const times = life.deeds().filter(deed => deed.startsWith(`file ${path}`)).length;
    if (times > 1 && !(broken[0] === 'rename' && broken[2] === path)) problems.push(`${path} ${times} times`);
  }
  const runs = life.spawned.filter(({ file }) => file === '/cleanup').length;
  const isRefused = broken[0] === 'spawn' && (broken[1] as SpawnPlan).file === '/cleanup';
  if (runs !== 1 && !(isRefused && runs > 0)) problems.push(`${runs} exit commands`);
  return problems.map(problem => describeProblem(life, at, problem));
}

/** What a refused call may not do to a container that runs. Without the wait itself there is no way on, and no kernel
 * refuses to change what a registered fd is watched for. */
function findHarm(life: Life, at: number): string[] {
  const [call, , op] = life.sys.calls[at]!;
  if (call === 'epollWait' || (call === 'epollCtl' && op === EPOLL_CTL_MOD)) return [];
  const kills = life.sys.called('kill', 'pidfdSendSignal').filter(([, , signal]) => signal === SIGKILL);
  return kills.length > 0 ? [describeProblem(life, at, 'the container is killed')] : [];
}

function describeProblem(life: Life, at: number, problem: string): string {
  return `${problem}, with call ${at}: ${life.sys.calls[at]!.join(' ').slice(0, 60)}`;
}

function exitFiles(life: Life): string[] {
  return ['/persist/exit', `/exits/${life.id}`];
}

/** The call that would be the `at`th of a life answers, or throws, as `answer` does. */
function breakCall(life: Life, at: number, answer: () => number): void {
  const { calls } = life.sys;
  const perform = life.sys.perform.bind(life.sys);
  life.sys.perform = (name, args) => {
    if (calls.length !== at) return perform(name, args);
    calls.push([name, ...(args as unknown[])]);
    return answer();
  };
}

/** The next call of that name on that fd gets that answer. */
function refuseOnce(life: Life, call: 'write', fd: number, answer: number): void {
  const perform = life.sys.perform.bind(life.sys);
  let refused = false;
  life.sys.perform = (name, args) => {
    if (refused || name !== call || (args as unknown[])[0] !== fd) return perform(name, args);
    refused = true;
    life.sys.calls.push([name, fd]);
    return answer;
  };
}
