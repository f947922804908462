// The container's process over scripted calls: by its pidfd, and by its number where the kernel has none.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ContainerProcess } from '../../src/runtime/container-process.ts';
import { EPOLL_CTL_DEL, EPOLLIN, SIGKILL, SIGTERM } from '../../src/sys/constants.ts';
import { EMFILE, ENOSYS, EPERM, ESRCH } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const [pid, pidfd, ownGroup] = [777, 40, 4242];

function follow(prepare: (sys: ScriptedSys) => void = () => {}) {
  const sys = createScriptedSys().always('pidfdOpen', pidfd);
  sys.always('getpgid', of => (of === 0 ? ownGroup : of));
  prepare(sys);
  const reactor = new Reactor(sys);
  let gone = 0;
  const process = new ContainerProcess(sys, reactor, pid, () => {
    gone++;
  });
  const end = () => {
    sys.events(pidfd, EPOLLIN);
    turn(reactor, 0);
  };
  return { sys, reactor, process, end, gone: () => gone };
}

describe('container process', () => {
  it('its end is reported once, and the pidfd is forgotten and closed', () => {
    const { sys, reactor, end, gone } = follow();
    turn(reactor, 0);
    assert.equal(gone(), 0);
    end();
    end();
    assert.equal(gone(), 1);
    assert.deepEqual(sys.called('close'), [['close', pidfd]]);
    assert.deepEqual(sys.called('epollCtl').at(-1)!.slice(2, 4), [EPOLL_CTL_DEL, pidfd]);
  });

  it('signals go by the pidfd, and their answer comes back', () => {
    const { sys, process } = follow(sys => sys.answer('pidfdSendSignal', 0, -EPERM));
    assert.equal(process.signal(SIGTERM), 0);
    assert.equal(process.signal(SIGTERM), -EPERM);
    assert.deepEqual(sys.called('kill'), []);
  });

  it('after its end a signal is ESRCH, and none is sent to anybody', () => {
    const { sys, process, end } = follow();
    end();
    assert.equal(process.signal(SIGTERM), -ESRCH);
    assert.equal(process.signalGroup(SIGKILL), -ESRCH);
    assert.deepEqual(sys.called('kill', 'pidfdSendSignal', 'getpgid'), []);
  });

  it('closed, it is the same, and its end is not reported any more', () => {
    const { sys, process, end, gone } = follow();
    process.close();
    process.close();
    end();
    assert.equal(gone(), 0);
    assert.equal(process.signal(SIGTERM), -ESRCH);
    assert.equal(sys.called('close').length, 1);
  });

  it('gone before it could be followed: its end is reported from the reactor, at once', () => {
    const { sys, reactor, gone } = follow(sys => sys.always('pidfdOpen', -ESRCH).always('kill', -ESRCH));
    assert.equal(gone(), 0);
    const [before] = sys.monotonic;
    reactor.turn();
    assert.equal(gone(), 1);
    assert.equal(sys.monotonic[0], before);
  });
});

describe('process group', () => {
  it('gets the signal', () => {
    const { sys, process } = follow();
    assert.equal(process.signalGroup(SIGKILL), 0);
    assert.deepEqual(sys.called('kill'), [['kill', -pid, SIGKILL]]);
  });

  it('of another number than the process gets it by that number', () => {
    const { sys, process } = follow(sys => sys.always('getpgid', of => (of === 0 ? ownGroup : 600)));
    process.signalGroup(SIGKILL);
    assert.deepEqual(sys.called('kill'), [['kill', -600, SIGKILL]]);
  });

  for (const [what, group] of [
    ['ours', ownGroup],
    ['not to be known', -ESRCH],
    ['0, of another PID namespace', 0],
    ['1: kill(-1) is everybody', 1],
  ] as const)
    it(`${what}: the process alone gets it`, () => {
      const { sys, process } = follow(sys => sys.always('getpgid', of => (of === 0 ? ownGroup : group)));
      process.signalGroup(SIGKILL);
      assert.deepEqual(sys.called('kill'), []);
      assert.deepEqual(sys.called('pidfdSendSignal'), [['pidfdSendSignal', pidfd, SIGKILL]]);
    });
});

describe('without a pidfd', () => {
  for (const errno of [ENOSYS, EMFILE, EPERM])
    it(`(errno ${errno}) it is looked for every second, and its end reported once`, () => {
      const { sys, reactor, gone } = follow(sys =>
        sys.always('pidfdOpen', -errno).answer('kill', 0, -EPERM, -ESRCH),
      );
      const [before] = sys.monotonic;
      for (let turns = 1; turns <= 3; turns++) {
        assert.equal(gone(), 0);
        reactor.turn();
        assert.equal(sys.monotonic[0] - before, turns);
      }
      assert.equal(gone(), 1);
      assert.deepEqual(
        sys.called('kill'),
        [1, 2, 3].map(() => ['kill', pid, 0]),
      );
      turn(reactor, 5000);
      assert.equal(gone(), 1);
      assert.equal(sys.called('kill').length, 3);
    });

  it('signals go by the number, until it is gone', () => {
    const { sys, reactor, process } = follow(sys => sys.always('pidfdOpen', -ENOSYS));
    assert.equal(process.signal(SIGTERM), 0);
    assert.deepEqual(sys.called('kill'), [['kill', pid, SIGTERM]]);
    sys.answer('kill', -ESRCH);
    reactor.turn();
    assert.equal(process.signal(SIGTERM), -ESRCH);
    assert.equal(sys.called('kill').length, 2);
  });

  it('closed, nobody is looked for', () => {
    const { sys, reactor, process, gone } = follow(sys => sys.always('pidfdOpen', -ENOSYS));
    process.close();
    turn(reactor, 3000);
    assert.deepEqual(sys.called('kill'), []);
    assert.equal(gone(), 0);
  });
});
