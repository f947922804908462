import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
} from '../../src/sys/constants.ts';
import { EBADF, EINTR, EMFILE } from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

function make() {
  const sys = createScriptedSys();
  return { sys, reactor: new Reactor(sys), seen: [] as string[] };
}

describe('reactor', () => {
  it('calls the handlers of one turn in the order in which the kernel reported their fds', () => {
    const { sys, reactor, seen } = make();
    for (const fd of [5, 6, 7]) reactor.watch(fd, EPOLLIN, () => seen.push(`fd ${fd}`));
    sys.events(7, EPOLLIN).events(5, EPOLLIN);
    reactor.turn();
    assert.deepEqual(seen, ['fd 7', 'fd 5']);
  });

  it('an fd that an earlier handler of the turn forgot is not reported any more', () => {
    const { sys, reactor, seen } = make();
    reactor.watch(5, EPOLLIN, () => reactor.forget(6));
    reactor.watch(6, EPOLLIN, () => seen.push('fd 6'));
    sys.events(5, EPOLLIN).events(6, EPOLLIN);
    reactor.turn();
    assert.deepEqual(seen, []);
  });

  it('a handler may forget its own fd, and watch it again for something else', () => {
    const { sys, reactor, seen } = make();
    reactor.watch(5, EPOLLIN, () => {
      reactor.forget(5);
      reactor.watch(5, EPOLLOUT, () => seen.push('out'));
    });
    sys.events(5, EPOLLIN).events(5, EPOLLOUT);
    reactor.turn();
    reactor.turn();
    assert.deepEqual(seen, ['out']);
  });

  it('an fd whose number is watched anew within a turn does not get what was reported of the one before', () => {
    const { sys, reactor, seen } = make();
    reactor.watch(5, EPOLLIN, () => {
      reactor.forget(6);
      reactor.watch(6, EPOLLIN, () => seen.push('the new 6'));
    });
    reactor.watch(6, EPOLLIN, () => seen.push('the old 6'));
    sys.events(5, EPOLLIN).events(6, EPOLLIN);
    reactor.turn();
    assert.deepEqual(seen, []);
  });

  it('what was reported in an earlier turn is not told again', () => {
    const { sys, reactor, seen } = make();
    for (const fd of [5, 6]) reactor.watch(fd, EPOLLIN, () => seen.push(`fd ${fd}`));
    sys.events(5, EPOLLIN).events(6, EPOLLIN);
    reactor.turn();
    sys.events(5, EPOLLIN);
    reactor.turn();
    assert.deepEqual(seen, ['fd 5', 'fd 6', 'fd 5']);
  });

  it('an fd is taken from the kernel when it is forgotten, once, and one that is not watched is not touched', () => {
    const { sys, reactor } = make();
    reactor.watch(5, EPOLLIN, () => {});
    for (const fd of [5, 5, 6]) reactor.forget(fd);
    assert.deepEqual(
      sys.called('epollCtl').map(([, , op, fd]) => [op, fd]),
      [
        [EPOLL_CTL_ADD, 5],
        [EPOLL_CTL_DEL, 5],
      ],
    );
  });

  it('to change a watch that is not, or that the kernel does not let be changed, is an error', () => {
    const { sys, reactor } = make();
    assert.throws(() => reactor.rearm(5, EPOLLIN), /fd 5 is not watched/);
    reactor.watch(5, EPOLLIN, () => {});
    sys.answer('epollCtl', -EBADF);
    assert.throws(() => reactor.rearm(5, EPOLLOUT), { name: 'FatalError', code: 'EBADF' });
  });

  it('a turn without deadlines asks for no time', () => {
    const { sys, reactor } = make();
    reactor.watch(5, EPOLLIN, () => {});
    sys.events(5, EPOLLIN);
    reactor.turn();
    assert.deepEqual(sys.called('clockGettime'), []);
  });

  it('an interrupted wait is a turn in which nothing was reported', () => {
    const { sys, reactor } = make();
    sys.answer('epollWait', -EINTR);
    reactor.turn();
    sys.assertDone();
  });

  it('deadlines run in the order of their times, not before them, and once', () => {
    const { sys, reactor, seen } = make();
    reactor.after(50, () => seen.push('50'));
    reactor.after(20, () => seen.push('20'));
    reactor.turn();
    assert.deepEqual(seen, ['20']);
    reactor.turn();
    turn(reactor, 0);
    assert.deepEqual(seen, ['20', '50']);
    assert.ok(sys.monotonic[1] >= 50e6);
  });

  it('a deadline in 100 days is waited for in turns that epoll_wait can take', () => {
    const { sys, reactor, seen } = make();
    const days = 100 * 24 * 3600 * 1000;
    reactor.after(days, () => seen.push('over'));
    const waits: number[] = [];
    sys.always('epollWait', (_epfd, _out, timeout) => {
      waits.push(timeout);
      sys.advance(timeout);
      return 0;
    });
    while (seen.length === 0) reactor.turn();
    assert.ok(waits.every(ms => ms >= 0 && ms <= 0x7fffffff));
    assert.equal(
      waits.reduce((sum, ms) => sum + ms, 0),
      days,
    );
  });

  it('an fd that is watched for nothing stays registered, and reports its hang-up once', () => {
    const { sys, reactor } = make();
    reactor.watch(5, EPOLLIN, () => {});
    reactor.rearm(5, 0);
    assert.deepEqual(
      sys.called('epollCtl').map(([, , op, fd, events]) => [op, fd, events]),
      [
        [EPOLL_CTL_ADD, 5, EPOLLIN],
        [EPOLL_CTL_MOD, 5, EPOLLET],
      ],
    );
  });

  it('a deadline that another one cancels in the same turn does not run', () => {
    const { sys, reactor, seen } = make();
    reactor.after(10, () => later.cancel());
    const later = reactor.after(10, () => seen.push('later'));
    sys.advance(20);
    reactor.turn();
    assert.deepEqual(seen, []);
  });

  it('a wait is no longer than the caller allows, deadline or not', () => {
    const { sys, reactor, seen } = make();
    reactor.after(1000, () => seen.push('late'));
    const before = sys.monotonic[1];
    turn(reactor, 5);
    assert.equal(sys.monotonic[1] - before, 5e6);
    assert.deepEqual(seen, []);
  });

  it('what cannot be waited for is fatal, and is not watched', () => {
    const { sys, reactor } = make();
    sys.answer('epollCtl', -EBADF);
    assert.throws(() => reactor.watch(9, EPOLLIN, () => undefined), { name: 'FatalError', code: 'EBADF' });
    reactor.watch(9, EPOLLIN, () => undefined);
    assert.throws(() => reactor.watch(9, EPOLLIN, () => undefined), /watched already/);
    sys.answer('epollWait', -EBADF);
    assert.throws(() => reactor.turn(), { name: 'FatalError', syscall: 'epoll_wait' });
    assert.throws(() => new Reactor(createScriptedSys().answer('epollCreate', -EMFILE)), { code: 'EMFILE' });
  });
});
