// The runtime and the container as processes, over scripted calls: signals on their way, and children's ends.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Processes } from '../../src/monitor/processes.ts';
import {
  EPOLLIN,
  SIGCHLD,
  SIGHUP,
  SIGINT,
  SIGKILL,
  SIGPIPE,
  SIGQUIT,
  SIGTERM,
  SIGUSR1,
  SIGUSR2,
  SIGXFSZ,
  WNOHANG,
} from '../../src/sys/constants.ts';
import { EAGAIN, ECHILD, EINTR, EMFILE, ENOENT, ESRCH } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import type { SpawnPlan } from '../../src/sys/sys.ts';
import { turn } from '../fixtures/turn.ts';

const [signalFd, pidfd, runtimePid, containerPid] = [30, 31, 5000, 777];
const plan: SpawnPlan = {
  file: '/runtime',
  argv: ['/runtime'],
  environ: Buffer.alloc(0),
  fds: [],
  parentDeathSignal: 0,
};
const exited = (code: number): number => code << 8;

function open(consoleWanted = false) {
  const sys = createScriptedSys().always('signalPipe', signalFd).always('pidfdOpen', pidfd);
  const reactor = new Reactor(sys);
  const processes = new Processes(sys, reactor, consoleWanted);
  /** One turn in which these signals have come. */
  const signals = (...numbers: number[]) => {
    sys.arrive(signalFd, Uint8Array.from(numbers)).events(signalFd, EPOLLIN);
    turn(reactor, 0);
  };
  const sent = () =>
    sys
      .called('kill', 'pidfdSendSignal')
      .map(([call, to, number]) => [call === 'kill' ? to : 'container', number]);
  return { sys, reactor, processes, signals, sent };
}

describe('processes', () => {
  it('G7, G8: takes over the signals that end a process or tell of a child, and ignores those that would harm', () => {
    const { sys, processes } = open(true);
    const [[, caught]] = sys.called('signalPipe') as [[unknown, number[]]];
    assert.deepEqual(caught.toSorted(), [SIGCHLD, SIGTERM, SIGQUIT, SIGINT].toSorted());
    assert.deepEqual(
      sys.called('ignoreSignal').map(([, number]) => number),
      [SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2, SIGXFSZ],
    );
    assert.deepEqual(processes.facts, {
      runtimeStatus: undefined,
      consoleWanted: true,
      consoleHere: false,
      containerPid: undefined,
      containerStatus: undefined,
      timedOut: false,
    });
  });

  it('without a way to learn of signals there is no monitor', () => {
    const sys = createScriptedSys().answer('signalPipe', -EMFILE);
    assert.throws(() => new Processes(sys, new Reactor(sys), false), {
      message: 'Failed to register the signal handler: Too many open files',
    });
  });

  it('a runtime that cannot be started is named', () => {
    const { sys, processes } = open();
    sys.answer('spawn', -ENOENT);
    assert.throws(() => processes.startRuntime(plan), {
      message: 'Failed to execute runtime /runtime: No such file or directory',
    });
  });
});

describe('children', () => {
  it('the runtime’s end is a fact', () => {
    const { sys, processes, signals } = open();
    processes.startRuntime(plan);
    sys.dies(runtimePid, exited(1));
    signals(SIGCHLD);
    assert.equal(processes.facts.runtimeStatus, exited(1));
  });

  it('R12: all that have ended are taken at one signal, and none is waited for', () => {
    const { sys, processes, signals } = open();
    processes.startRuntime(plan);
    sys.dies(90, 0).dies(runtimePid, 0).dies(containerPid, exited(3)).dies(91, 0);
    signals(SIGCHLD);
    sys.assertDone();
    assert.ok(sys.called('waitpid').every(([, pid, options]) => pid === -1 && options === WNOHANG));
    processes.follow(containerPid);
    assert.equal(processes.facts.containerStatus, exited(3));
    assert.deepEqual(sys.called('pidfdOpen'), [], 'nobody is followed who has ended');
  });

  it('R16: a status of 0 of one that ended before it was known is a status', () => {
    const { sys, processes, signals } = open();
    sys.dies(containerPid, 0);
    signals(SIGCHLD);
    processes.follow(containerPid);
    assert.equal(processes.facts.containerStatus, 0);
  });

  it('an interrupted wait is repeated, and no child at all ends it', () => {
    const { sys, processes, signals } = open();
    processes.startRuntime(plan);
    sys.answer('waitpid', -EINTR, -EINTR, -ECHILD);
    signals(SIGCHLD);
    assert.equal(sys.called('waitpid').length, 3);
    assert.equal(processes.facts.runtimeStatus, undefined);
  });

  it('the container’s end is its wait status, and later children change nothing', () => {
    const { sys, processes, signals } = open();
    processes.startRuntime(plan);
    processes.follow(containerPid);
    sys.dies(containerPid, SIGKILL);
    signals(SIGCHLD);
    assert.equal(processes.facts.containerStatus, SIGKILL);
    assert.deepEqual(sys.called('close'), [['close', pidfd]], 'a pid of nobody is not followed');
    sys.dies(92, exited(5));
    signals(SIGCHLD);
    assert.equal(processes.facts.containerStatus, SIGKILL);
    assert.equal(processes.facts.runtimeStatus, undefined);
  });

  it('R17: a pidfd that tells of an end looks for the status first, and only without one it is unknown', () => {
    for (const isChild of [true, false]) {
      const { sys, reactor, processes } = open();
      processes.follow(containerPid);
      if (isChild) sys.dies(containerPid, exited(4));
      sys.events(pidfd, EPOLLIN);
      turn(reactor, 0);
      assert.equal(processes.facts.containerStatus, isChild ? exited(4) : 'unknown');
    }
  });

  it('a signal pipe that has nothing after all, or was interrupted, is no signal', () => {
    for (const errno of [EAGAIN, EINTR]) {
      const { sys, reactor, processes, sent } = open();
      sys.arrive(signalFd, -errno).events(signalFd, EPOLLIN);
      turn(reactor, 0);
      assert.deepEqual(sent(), []);
      assert.equal(processes.stopSignal, 0);
      assert.deepEqual(sys.called('waitpid'), []);
    }
  });
});

describe('signals on their way', () => {
  it('before there is anybody they are kept, the last one, and nobody gets them', () => {
    const { processes, signals, sent } = open();
    signals(SIGTERM, SIGINT);
    assert.equal(processes.stopSignal, SIGINT);
    assert.deepEqual(sent(), []);
  });

  it('G4: the runtime gets them while it runs, the container once it is followed', () => {
    const { sys, processes, signals, sent } = open();
    processes.startRuntime(plan);
    signals(SIGTERM);
    sys.dies(runtimePid, 0);
    signals(SIGCHLD);
    processes.follow(containerPid);
    signals(SIGQUIT);
    assert.deepEqual(sent(), [
      [runtimePid, SIGTERM],
      ['container', SIGQUIT],
    ]);
    assert.equal(processes.stopSignal, 0);
  });

  it('G5: one that comes between the runtime’s end and the container’s pid waits for it', () => {
    const { sys, processes, signals, sent } = open();
    processes.startRuntime(plan);
    sys.dies(runtimePid, 0);
    signals(SIGCHLD);
    signals(SIGTERM);
    assert.deepEqual(sent(), []);
    processes.follow(containerPid);
    assert.deepEqual(sent(), [['container', SIGTERM]]);
  });

  it('G6: a container that has ended by then gets none', () => {
    const { sys, processes, signals, sent } = open();
    processes.startRuntime(plan);
    sys.dies(runtimePid, 0).dies(containerPid, 0);
    signals(SIGTERM, SIGCHLD);
    processes.follow(containerPid);
    signals(SIGTERM);
    assert.ok(!sent().some(([to]) => to === 'container' || to === containerPid));
  });

  it('more than one read takes are all passed on', () => {
    const { sys, processes, signals, sent } = open();
    processes.follow(containerPid);
    signals(...Array.from({ length: 64 }, () => SIGTERM));
    signals(SIGINT);
    assert.equal(sent().length, 65);
    assert.equal(sys.called('waitpid').length, 0);
  });

  it('R18: killing is for the container’s group, and for nobody where there is no container', () => {
    const { sys, processes, sent } = open();
    processes.kill();
    assert.deepEqual(sent(), []);
    sys.always('getpgid', pid => (pid === 0 ? 4242 : pid));
    processes.follow(containerPid);
    processes.kill();
    assert.deepEqual(sent(), [[-containerPid, SIGKILL]]);
  });
});

describe('when there is no way on', () => {
  it('R25: a runtime that was never started is not killed: its pid would be everybody’s', () => {
    const { sys, processes, sent } = open();
    sys.always('kill', -ESRCH);
    processes.endAll(undefined);
    assert.deepEqual(sent(), []);
  });

  it('R25: a pid of the pid file is believed where it is a child of ours, and else nobody is killed', () => {
    for (const isChild of [false, true]) {
      const { sys, processes, sent } = open();
      const looks = isChild ? [-ECHILD, 0, containerPid] : [-ECHILD, -ECHILD];
      sys.answer('waitpid', ...looks).always('kill', isChild ? 0 : -ESRCH);
      processes.endAll(containerPid);
      assert.deepEqual(sent(), isChild ? [[containerPid, SIGKILL]] : []);
    }
  });

  it('R25: the runtime’s end is waited for before the container is looked for: only then is that our child', () => {
    const { sys, processes } = open();
    processes.startRuntime(plan);
    sys.answer('waitpid', 0, runtimePid, 0, containerPid);
    processes.endAll(containerPid);
    assert.deepEqual(sys.called('kill', 'waitpid'), [
      ['waitpid', -1, WNOHANG],
      ['kill', runtimePid, SIGKILL],
      ['waitpid', runtimePid, 0],
      ['waitpid', containerPid, WNOHANG],
      ['kill', containerPid, SIGKILL],
      ['waitpid', containerPid, 0],
    ]);
  });

  it('R25: a runtime that has ended, noticed or not, is not killed: its pid may be somebody else’s', () => {
    for (const isNoticed of [true, false]) {
      const { sys, processes, signals, sent } = open();
      processes.startRuntime(plan);
      sys.dies(runtimePid, 0);
      if (isNoticed) signals(SIGCHLD);
      sys.always('kill', -ESRCH);
      processes.endAll(undefined);
      assert.deepEqual(sent(), []);
    }
  });
});
