import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { announceAttachReady } from '../../src/parent/attach-pipe.ts';
import { closeParkedFds, findParentPipes } from '../../src/parent/inherited-fds.ts';
import { awaitStart } from '../../src/parent/start-pipe.ts';
import { SyncPipe } from '../../src/parent/sync-pipe.ts';
import { EPOLLHUP, EPOLLIN, F_SETFD, FD_CLOEXEC } from '../../src/sys/constants.ts';
import { EAGAIN, EBADF, EINTR, EIO, EPERM, EPIPE } from '../../src/sys/errno.ts';
import { FatalError, Refusal } from '../../src/sys/errors.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const syncFd = 13;

function makeSyncPipe(sys: ScriptedSys, fd = syncFd): { pipe: SyncPipe; warnings: string[] } {
  const warnings: string[] = [];
  return { pipe: new SyncPipe(sys, fd, 'data', message => warnings.push(message)), warnings };
}

describe('sync pipe', () => {
  it('P9: a report is one write', () => {
    const sys = createScriptedSys();
    const { pipe, warnings } = makeSyncPipe(sys);
    pipe.report(42);
    pipe.report(-1, Buffer.from('no'));
    assert.deepEqual(sys.sent(syncFd).map(String), ['{"data": 42}\n', '{"data": -1, "message": "no"}\n']);
    assert.deepEqual(warnings, []);
  });

  it('P14: an interrupted write is repeated', () => {
    const sys = createScriptedSys().answer('write', -EINTR, -EINTR);
    makeSyncPipe(sys).pipe.report(42);
    assert.equal(sys.written(syncFd).toString(), '{"data": 42}\n');
    sys.assertDone();
  });

  it('P9: a short write is carried on', () => {
    const sys = createScriptedSys().answer('write', 5);
    makeSyncPipe(sys).pipe.report(42);
    assert.equal(sys.written(syncFd).toString(), '{"data": 42}\n');
  });

  it('P13: a caller that has gone closes the pipe without a word, and later reports go nowhere', () => {
    const sys = createScriptedSys().answer('write', -EPIPE);
    const { pipe, warnings } = makeSyncPipe(sys);
    pipe.report(42);
    pipe.report(43);
    pipe.close();
    assert.deepEqual(sys.calls.slice(1), [['close', syncFd]]);
    assert.deepEqual(warnings, []);
  });

  it('P13: a caller that does not read costs the report and a warning, not the pipe', () => {
    const sys = createScriptedSys().answer('write', -EAGAIN);
    const { pipe, warnings } = makeSyncPipe(sys);
    pipe.report(42);
    pipe.report(43);
    assert.equal(sys.written(syncFd).toString(), '{"data": 43}\n');
    assert.match(warnings.join(), /parent: Resource temporarily unavailable$/);
  });

  it('P13: any other error is a warning, and the pipe is closed', () => {
    const sys = createScriptedSys().answer('write', -EIO);
    const { pipe, warnings } = makeSyncPipe(sys);
    pipe.report(42);
    assert.deepEqual(warnings, ['Unable to send container stderr message to parent: Input/output error']);
    assert.deepEqual(sys.called('close'), [['close', syncFd]]);
  });

  it('P3: without a pipe nothing is called', () => {
    const sys = createScriptedSys();
    const { pipe } = makeSyncPipe(sys, -1);
    pipe.report(42);
    pipe.close();
    assert.deepEqual(sys.calls, []);
  });
});

describe('attach pipe', () => {
  it('P15: says 0 by the key data, and closes', () => {
    const sys = createScriptedSys();
    announceAttachReady(sys, 14, assert.fail);
    assert.equal(sys.written(14).toString(), '{"data": 0}\n');
    assert.deepEqual(sys.called('close'), [['close', 14]]);
  });

  it('P15: a caller that has gone is no reason to warn, another error is', () => {
    const warnings: string[] = [];
    for (const errno of [EPIPE, EIO]) {
      const sys = createScriptedSys().answer('write', -errno);
      announceAttachReady(sys, 14, message => warnings.push(message));
      assert.deepEqual(sys.called('close'), [['close', 14]]);
    }
    assert.deepEqual(warnings, ['Unable to send attach message to parent: Input/output error']);
  });
});

describe('start pipe', () => {
  function makeStart(script: (sys: ScriptedSys) => void): {
    sys: ScriptedSys;
    reactor: Reactor;
    went: () => number;
  } {
    const sys = createScriptedSys();
    const reactor = new Reactor(sys);
    let count = 0;
    script(sys);
    awaitStart(sys, reactor, 15, () => {
      count++;
    });
    return { sys, reactor, went: () => count };
  }

  it('P7: data is the go, after which the pipe is forgotten and closed', () => {
    const { sys, reactor, went } = makeStart(sys => sys.arrive(15, '\0'));
    assert.equal(went(), 0);
    sys.events(15, EPOLLIN);
    turn(reactor, 0);
    assert.equal(went(), 1);
    assert.deepEqual(sys.called('epollCtl', 'close').at(-1), ['close', 15]);
    assert.equal(sys.called('epollCtl').length, 2);
  });

  it('P7: the end of the pipe is the go', () => {
    const { sys, reactor, went } = makeStart(sys => sys.arrive(15, 0));
    sys.events(15, EPOLLHUP);
    turn(reactor, 0);
    assert.equal(went(), 1);
  });

  it('P7: interrupted and empty reads are not the go', () => {
    const { sys, reactor, went } = makeStart(sys => sys.arrive(15, -EINTR, -EAGAIN, '\0'));
    sys.events(15, EPOLLIN).events(15, EPOLLIN);
    turn(reactor, 0);
    assert.equal(went(), 1);
    sys.assertDone();
  });

  it('P7: nothing at all is not the go', () => {
    const { reactor, went } = makeStart(() => undefined);
    turn(reactor, 0);
    assert.equal(went(), 0);
  });

  it('P7: an fd that cannot be waited for is read at once', () => {
    const { sys, went } = makeStart(sys => sys.answer('epollCtl', -EPERM).arrive(15, -EINTR, 0));
    assert.equal(went(), 1);
    sys.assertDone();
  });

  it('P8: a pipe that cannot be read is fatal, and there is no go', () => {
    const { sys, reactor, went } = makeStart(sys => sys.arrive(15, -EIO));
    sys.events(15, EPOLLIN);
    assert.throws(() => turn(reactor, 0), {
      name: 'FatalError',
      message: 'start-pipe read failed: Input/output error',
      code: 'EIO',
    });
    assert.equal(went(), 0);
  });

  it('P8: an fd that is not open is fatal', () => {
    assert.throws(() => makeStart(sys => sys.answer('epollCtl', -EBADF)), FatalError);
  });
});

describe('inherited fds', () => {
  const inherited = [3, 4, 5, 20];
  const encode = (value: string | undefined) => (value === undefined ? undefined : Buffer.from(value));
  const find = (variables: Record<string, string>, execAttach = false, sys = createScriptedSys()) =>
    findParentPipes(sys, name => encode(variables[name]), inherited, execAttach);

  it('P5: each pipe is found by its variable and kept from the runtime', () => {
    const sys = createScriptedSys();
    const variables = { _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' };
    assert.deepEqual(find(variables, true, sys), { sync: 3, start: 4, attach: 5 });
    assert.deepEqual(
      sys.calls,
      [3, 4, 5].map(fd => ['fcntl', fd, F_SETFD, FD_CLOEXEC]),
    );
  });

  it('P3: no variable, an empty one and a number of stdio are no pipe', () => {
    assert.deepEqual(find({ _OCI_STARTPIPE: '' }), { sync: -1, start: -1, attach: -1 });
    for (const fd of ['0', '1', '2']) assert.equal(find({ _OCI_SYNCPIPE: fd }).sync, -1);
  });

  it('P1: rubbish is refused by the name of its variable', () => {
    for (const rubbish of ['x', '3x', '0x3', '3.0', '1e1', '99999999999999999999', '+', ' '])
      assert.throws(
        () => find({ _OCI_SYNCPIPE: rubbish }),
        new Refusal('unable to parse _OCI_SYNCPIPE'),
        rubbish,
      );
  });

  it('P1: white space and a sign before a number are no rubbish, a number beyond an int is', () => {
    for (const value of ['3', ' 3', '\t\n+3', '0003'])
      assert.equal(find({ _OCI_SYNCPIPE: value }).sync, 3, value);
    for (const value of ['3 ', '+ 3', '--3', '2147483648', '-2147483648'])
      assert.throws(
        () => find({ _OCI_SYNCPIPE: value }),
        new Refusal('unable to parse _OCI_SYNCPIPE'),
        value,
      );
    assert.throws(() => find({ _OCI_SYNCPIPE: '2147483647' }), /CLOEXEC: Bad file descriptor/);
  });

  it('P2: a number that was not open is refused', () => {
    for (const fd of ['6', '-3', '1000000'])
      assert.throws(
        () => find({ _OCI_STARTPIPE: fd }),
        new Refusal('unable to make _OCI_STARTPIPE CLOEXEC: Bad file descriptor'),
      );
  });

  it('P2: one that has been closed since is refused', () => {
    const sys = createScriptedSys().answer('fcntl', -EBADF);
    assert.throws(() => find({ _OCI_SYNCPIPE: '3' }, false, sys), Refusal);
  });

  it('P4: exec with attach needs its pipe, others do not look at it', () => {
    assert.throws(() => find({}, true), new Refusal('--attach specified but _OCI_ATTACHPIPE was not'));
    assert.equal(find({ _OCI_ATTACHPIPE: 'rubbish' }).attach, -1);
  });

  it('P18: each parked fd is closed, whatever closing it answers', () => {
    const sys = createScriptedSys().answer('close', -EBADF, -EINTR);
    closeParkedFds(sys, [20, 21, 22]);
    assert.deepEqual(sys.calls, [
      ['close', 20],
      ['close', 21],
      ['close', 22],
    ]);
  });
});
