import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shieldFromOomKiller } from '../../src/oom/own-score.ts';
import { type OomSubject, watchOom } from '../../src/oom/watch-oom.ts';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLLIN,
  O_CLOEXEC,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} from '../../src/sys/constants.ts';
import {
  EACCES,
  EAGAIN,
  EBADF,
  EEXIST,
  EINTR,
  EINVAL,
  EIO,
  EMFILE,
  ENOENT,
  ENOMEM,
  ENOSPC,
} from '../../src/sys/errno.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { createScriptedSys, type ScriptedSys } from '../../src/sys/scripted.ts';
import { turn } from '../fixtures/turn.ts';

const pid = 321;
const v1Path = '/sys/fs/cgroup/memory/c';
const eventsPath = '/sys/fs/cgroup/c/memory.events';

interface Watched {
  readonly sys: ScriptedSys;
  readonly reactor: Reactor;
  readonly watch: ReturnType<typeof watchOom>;
  readonly warnings: string[];
  readonly debugs: string[];
  readonly infos: string[];
  /** Of the eventfd or of inotify. */
  readonly fd: number;
  /** The markers that were tried, in order. */
  markers(): unknown[];
}

function watchV1(
  script: (sys: ScriptedSys) => void = () => undefined,
  subject: Partial<OomSubject> = {},
): Watched {
  return startWatch('4:memory:/c\n0::/c\n', script, subject);
}

function watchV2(
  script: (sys: ScriptedSys) => void = () => undefined,
  subject: Partial<OomSubject> = {},
): Watched {
  return startWatch('0::/c\n', sys => script(setCounters(sys, 0, 0)), subject);
}

function startWatch(
  cgroups: string,
  script: (sys: ScriptedSys) => void,
  subject: Partial<OomSubject>,
): Watched {
  const sys = createScriptedSys().file(`/proc/${pid}/cgroup`, cgroups);
  const [warnings, debugs, infos]: [string[], string[], string[]] = [[], [], []];
  script(sys);
  const reactor = new Reactor(sys);
  const watch = watchOom(
    sys,
    reactor,
    { pid, bundle: '/bundle', persistDir: '/persist', ...subject },
    { warn: text => warnings.push(text), info: text => infos.push(text), debug: text => debugs.push(text) },
  );
  const fd = Number(sys.called('epollCtl').at(-1)?.[3] ?? -1);
  const markers = () =>
    sys.called('open').flatMap(([, path]) => (String(path).endsWith('/oom') ? [path] : []));
  return { sys, reactor, watch, warnings, debugs, infos, fd, markers };
}

function setCounters(sys: ScriptedSys, oom: number, oomKill: number): ScriptedSys {
  return sys.file(eventsPath, `low 0\nhigh 0\nmax 9\noom ${oom}\noom_kill ${oomKill}\n`);
}

function count(events: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(events)).buffer);
}

/** The eventfd counted, and the reactor has its turn. */
function happenV1({ sys, reactor, fd }: Watched, events: number, removed = false): void {
  sys.arrive(fd, count(events)).always('access', removed ? -ENOENT : 0);
  sys.events(fd, EPOLLIN);
  turn(reactor, 0);
}

function happenV2({ sys, reactor, fd }: Watched, oom: number, oomKill: number): void {
  setCounters(sys, oom, oomKill).arrive(fd, new Uint8Array(16)).events(fd, EPOLLIN);
  turn(reactor, 0);
}

/** How often is looked where the kernel tells nothing. */
const pollMs = 5000;

function countKills(sys: ScriptedSys, kills: number): ScriptedSys {
  return sys.file(`${v1Path}/memory.oom_control`, `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`);
}

function assertPollsNoMore(sys: ScriptedSys, reactor: Reactor): void {
  const calls = sys.called('open', 'read').length;
  turn(reactor, 10 * pollMs);
  assert.equal(sys.called('open', 'read').length, calls);
}

/** Those that were opened for the watch and are not closed: the reactor's is not among them. */
function openFds(sys: ScriptedSys): number[] {
  const closed = sys.called('close').map(([, fd]) => Number(fd));
  const last = sys.freshFd();
  const firstOfWatch = 101;
  return Array.from({ length: last - firstOfWatch }, (_, i) => firstOfWatch + i).filter(
    fd => !closed.includes(fd),
  );
}

const bothMarkers = ['/persist/oom', '/bundle/oom'];

describe('OOM watch, version 1', () => {
  it('E23: the eventfd is registered for memory.oom_control through cgroup.event_control', () => {
    const { sys, fd } = watchV1();
    assert.deepEqual(sys.called('open').slice(1), [
      ['open', `${v1Path}/cgroup.event_control`, O_WRONLY | O_CLOEXEC, 0],
      ['open', `${v1Path}/memory.oom_control`, O_RDONLY | O_CLOEXEC, 0],
    ]);
    const [, written, text] = sys.called('write')[0]!;
    const closed = sys.called('close').map(([, closedFd]) => closedFd);
    assert.equal(String(text), `${fd} ${closed.at(-2)}`);
    assert.equal(written, closed.at(-1));
  });

  it('E17: an event while the cgroup is there makes both markers, once', () => {
    const watched = watchV1();
    happenV1(watched, 1);
    happenV1(watched, 3);
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), bothMarkers);
    assert.deepEqual(watched.warnings, []);
    assert.deepEqual(watched.infos, ['OOM received', 'OOM received']);
    assert.deepEqual(watched.debugs, [
      'Memory cgroup event count: 1, OOMs: 1',
      'Memory cgroup event count: 4, OOMs: 4',
    ]);
  });

  it('E23: a lone event of a cgroup that is gone is no OOM', () => {
    const watched = watchV1();
    happenV1(watched, 1, true);
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), []);
  });

  it('E23: two events of a cgroup that is gone are an OOM, together or one after the other', () => {
    const together = watchV1();
    happenV1(together, 2, true);
    assert.deepEqual(together.markers(), bothMarkers);
    const apart = watchV1();
    happenV1(apart, 1, true);
    happenV1(apart, 1, true);
    assert.deepEqual(apart.markers(), bothMarkers);
  });

  it('E23: the removal after an OOM is not a second one', () => {
    const watched = watchV1(undefined, { persistDir: undefined });
    happenV1(watched, 1);
    happenV1(watched, 1, true);
    assert.deepEqual(watched.markers(), ['/bundle/oom']);
    assert.deepEqual(watched.infos, ['OOM received']);
  });

  it('E24: what came with the end is seen by the last look', () => {
    const watched = watchV1();
    watched.sys.arrive(watched.fd, -EINTR, count(1));
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E24: nothing to read is nothing that happened', () => {
    const watched = watchV1();
    watched.sys.arrive(watched.fd, -EAGAIN);
    watched.watch.checkAtEnd();
    assert.deepEqual([watched.markers(), watched.warnings], [[], []]);
    happenV1(watched, 1);
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E25: an eventfd that breaks is let go', () => {
    const watched = watchV1();
    watched.sys.arrive(watched.fd, -EIO).events(watched.fd, EPOLLIN);
    turn(watched.reactor, 0);
    const letGo = () => watched.sys.called('close', 'epollCtl').filter(call => call.includes(watched.fd));
    const calls = [
      ['epollCtl', 100, EPOLL_CTL_ADD, watched.fd, EPOLLIN],
      ['epollCtl', 100, EPOLL_CTL_DEL, watched.fd, 0],
      ['close', watched.fd],
    ];
    assert.deepEqual(letGo(), calls);
    const reads = watched.sys.called('read').length;
    watched.watch.checkAtEnd();
    watched.watch.close();
    assert.deepEqual(letGo(), calls);
    assert.ok(watched.sys.called('close').every(([, fd]) => Number(fd) >= 0));
    assert.equal(watched.sys.called('read').length, reads);
  });

  it('E25: no oom_control is a warning, nothing is watched and no fd stays open', () => {
    const { sys, reactor, watch, warnings, markers } = watchV1(script =>
      script.file(`${v1Path}/memory.oom_control`, -ENOENT),
    );
    assert.deepEqual(warnings, [`Failed to open ${v1Path}/memory.oom_control: No such file or directory`]);
    assert.deepEqual(sys.called('epollCtl'), []);
    turn(reactor, pollMs);
    watch.checkAtEnd();
    watch.close();
    assert.deepEqual(markers(), []);
    assert.deepEqual(openFds(sys), []);
  });

  for (const [what, script, warning] of [
    [
      'no eventfd',
      (sys: ScriptedSys) => sys.answer('eventfd', -EMFILE),
      'Failed to create eventfd: Too many open files',
    ],
    [
      'no event_control',
      (sys: ScriptedSys) => sys.file(`${v1Path}/cgroup.event_control`, -EACCES),
      `Failed to open ${v1Path}/cgroup.event_control: Permission denied`,
    ],
    [
      'a kernel without the interface',
      (sys: ScriptedSys) => sys.answer('write', -EINVAL),
      'Failed to write to cgroup.event_control: Invalid argument',
    ],
  ] as const) {
    const watchWithout = (subject?: Partial<OomSubject>) =>
      watchV1(sys => script(countKills(sys, 0)), subject);

    it(`E27: ${what} is a warning, and a kill is found by looking every 5 s`, () => {
      const { sys, reactor, watch, warnings, markers } = watchWithout();
      assert.deepEqual(warnings, [warning]);
      turn(reactor, pollMs);
      assert.deepEqual(markers(), []);
      countKills(sys, 1);
      turn(reactor, pollMs - 1);
      assert.deepEqual(markers(), []);
      turn(reactor, 1);
      assert.deepEqual(markers(), bothMarkers);
      sys.file(`${v1Path}/memory.oom_control`, -ENOENT);
      turn(reactor, pollMs);
      assertPollsNoMore(sys, reactor);
      watch.close();
      assert.deepEqual(warnings, [warning]);
      assert.deepEqual(openFds(sys), []);
    });

    it(`E24: ${what}: the last look finds a kill`, () => {
      const watched = watchWithout();
      countKills(watched.sys, 1);
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), bothMarkers);
    });

    it(`E21: ${what}: an exec counts from its own start`, () => {
      const watched = watchV1(sys => script(countKills(sys, 3)), { joined: true });
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), []);
      countKills(watched.sys, 4);
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), bothMarkers);
    });
  }

  it('E27: an eventfd that cannot be waited for is looked at every 5 s, and at the end', () => {
    const watched = watchV1(sys => sys.answer('epollCtl', -ENOMEM));
    assert.deepEqual(watched.warnings, ['Failed to watch eventfd: Cannot allocate memory']);
    watched.sys.arrive(watched.fd, count(1)).always('access', 0);
    turn(watched.reactor, pollMs);
    assert.deepEqual(watched.markers(), bothMarkers);
    const atEnd = watchV1(sys => sys.answer('epollCtl', -ENOMEM));
    atEnd.sys.arrive(atEnd.fd, count(1)).always('access', 0);
    atEnd.watch.checkAtEnd();
    atEnd.watch.close();
    assert.deepEqual(atEnd.markers(), bothMarkers);
    assertPollsNoMore(atEnd.sys, atEnd.reactor);
    assert.deepEqual(openFds(atEnd.sys), []);
  });
});

describe('OOM watch, version 2', () => {
  it('E20: memory.events is watched for changes', () => {
    const { sys, fd } = watchV2();
    assert.deepEqual(sys.called('inotifyAddWatch'), [['inotifyAddWatch', fd, eventsPath, 2]]);
  });

  it('E20: a change of oom_kill, or of oom alone, makes the markers; another change does not', () => {
    const watched = watchV2();
    happenV2(watched, 0, 0);
    assert.deepEqual(watched.markers(), []);
    happenV2(watched, 1, 0);
    assert.deepEqual(watched.markers(), bothMarkers);
    happenV2(watched, 1, 0);
    assert.deepEqual(watched.infos, ['OOM received']);
    const kill = watchV2();
    happenV2(kill, 0, 1);
    assert.deepEqual(kill.markers(), bothMarkers);
  });

  it('E20: what was counted before the watch began is found at the end', () => {
    const watched = watchV2(sys => setCounters(sys, 1, 1));
    assert.deepEqual(watched.markers(), []);
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E21: an exec counts from its own start', () => {
    const watched = watchV2(sys => setCounters(sys, 3, 2), { joined: true });
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), []);
    happenV2(watched, 4, 3);
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E22: no memory.events is told to debug alone, when starting and at the end', () => {
    const { debugs, warnings, watch, sys, fd } = watchV2(script => script.answer('inotifyAddWatch', -ENOENT));
    assert.deepEqual(debugs, [`memory.events file does not exist at ${eventsPath}, skipping OOM monitoring`]);
    watch.checkAtEnd();
    assert.deepEqual(warnings, []);
    assert.equal(fd, -1);
    assert.equal(sys.called('close').length, 2);
    const removed = watchV2();
    removed.sys.file(eventsPath, -ENOENT);
    removed.watch.checkAtEnd();
    assert.deepEqual([removed.warnings, removed.markers()], [[], []]);
  });

  for (const [what, script, warning] of [
    [
      'no inotify instance',
      (sys: ScriptedSys) => sys.answer('inotifyInit', -EMFILE),
      'Failed to create inotify fd: Too many open files',
    ],
    [
      'no inotify watch',
      (sys: ScriptedSys) => sys.answer('inotifyAddWatch', -ENOSPC),
      `Failed to add inotify watch for ${eventsPath}: No space left on device`,
    ],
    [
      'an inotify instance that cannot be waited for',
      (sys: ScriptedSys) => sys.answer('epollCtl', -ENOMEM),
      'Failed to watch inotify fd: Cannot allocate memory',
    ],
  ] as const) {
    it(`E27: ${what} is a warning, and a kill is found by looking every 5 s`, () => {
      const { sys, reactor, watch, warnings, markers } = watchV2(script);
      assert.deepEqual(warnings, [warning]);
      turn(reactor, pollMs);
      assert.deepEqual(markers(), []);
      setCounters(sys, 0, 1);
      turn(reactor, pollMs - 1);
      assert.deepEqual(markers(), []);
      turn(reactor, 1);
      assert.deepEqual(markers(), bothMarkers);
      sys.file(eventsPath, -ENOENT);
      turn(reactor, pollMs);
      assertPollsNoMore(sys, reactor);
      watch.close();
      assert.deepEqual(warnings, [warning]);
      assert.deepEqual(openFds(sys), []);
    });

    it(`E20: ${what}: the last look finds a kill, and then nothing is looked at`, () => {
      const watched = watchV2(script);
      setCounters(watched.sys, 1, 1);
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), bothMarkers);
      watched.watch.close();
      assertPollsNoMore(watched.sys, watched.reactor);
      assert.deepEqual(openFds(watched.sys), []);
    });

    it(`E21: ${what}: an exec counts from its own start`, () => {
      const watched = watchV2(sys => script(setCounters(sys, 3, 2)), { joined: true });
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), []);
      setCounters(watched.sys, 4, 3);
      watched.watch.checkAtEnd();
      assert.deepEqual(watched.markers(), bothMarkers);
    });
  }

  it('E20: counters that cannot be read are a warning, and the next change is seen', () => {
    const watched = watchV2();
    watched.sys.file(eventsPath, -EACCES).arrive(watched.fd, new Uint8Array(16)).events(watched.fd, EPOLLIN);
    turn(watched.reactor, 0);
    assert.deepEqual(watched.warnings, [`Failed to open cgroups file: ${eventsPath}: Permission denied`]);
    happenV2(watched, 1, 1);
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E20: an interrupted read of the events does not lose the change', () => {
    const watched = watchV2();
    setCounters(watched.sys, 1, 1).arrive(watched.fd, -EINTR).events(watched.fd, EPOLLIN);
    turn(watched.reactor, 0);
    assert.deepEqual(watched.markers(), bothMarkers);
  });

  it('E20: a read that is interrupted, or finds nothing, does not end the watch', () => {
    for (const errno of [EINTR, EAGAIN]) {
      const watched = watchV2();
      watched.sys.arrive(watched.fd, -errno).events(watched.fd, EPOLLIN);
      turn(watched.reactor, 0);
      happenV2(watched, 1, 0);
      assert.deepEqual(watched.markers(), bothMarkers);
    }
  });

  for (const arrival of [-EBADF, 0])
    it(`E25: an inotify fd that breaks (${arrival}) is let go, and the last look still works`, () => {
      const watched = watchV2();
      watched.sys.arrive(watched.fd, arrival).events(watched.fd, EPOLLIN);
      turn(watched.reactor, 0);
      const letGo = () => watched.sys.called('close', 'epollCtl').filter(call => call.includes(watched.fd));
      const calls = [
        ['epollCtl', 100, EPOLL_CTL_ADD, watched.fd, EPOLLIN],
        ['epollCtl', 100, EPOLL_CTL_DEL, watched.fd, 0],
        ['close', watched.fd],
      ];
      assert.deepEqual(letGo(), calls);
      setCounters(watched.sys, 1, 1);
      watched.watch.checkAtEnd();
      watched.watch.close();
      assert.deepEqual(watched.markers(), bothMarkers);
      assert.deepEqual(letGo(), calls);
      assert.ok(watched.sys.called('close').every(([, fd]) => Number(fd) >= 0));
    });

  it('E25: a process that is gone is no warning, one whose cgroup cannot be read is', () => {
    assert.deepEqual(watchV1(sys => sys.file(`/proc/${pid}/cgroup`, -EACCES)).warnings, [
      `Failed to open cgroups file: /proc/${pid}/cgroup: Permission denied`,
    ]);
    const { warnings, watch } = watchV1(sys => sys.file(`/proc/${pid}/cgroup`, -ENOENT));
    assert.deepEqual(warnings, []);
    watch.checkAtEnd();
    watch.close();
  });

  it('E19: a process in the root cgroup is not watched', () => {
    const { sys, warnings, debugs } = startWatch('4:memory:/\n0::/\n', () => undefined, {});
    assert.deepEqual([sys.called('eventfd', 'inotifyInit'), warnings], [[], []]);
    assert.deepEqual(debugs, ['Failed to get memory cgroup path. Container may have exited']);
  });

  it('E17: markers are new files of mode 0666 less the umask, and no symlink is followed', () => {
    const watched = watchV1();
    happenV1(watched, 1);
    const flags = 0o1 | 0o100 | 0o200 | 0o2000000; // O_WRONLY, O_CREAT, O_EXCL, O_CLOEXEC
    assert.deepEqual(watched.sys.called('open').slice(-2), [
      ['open', '/persist/oom', flags, 0o666],
      ['open', '/bundle/oom', flags, 0o666],
    ]);
  });

  it('E17: one that is there is left as it is', () => {
    const watched = watchV1();
    watched.sys.answer('open', -EEXIST, -EEXIST);
    happenV1(watched, 1);
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), bothMarkers);
    assert.deepEqual(watched.warnings, []);
  });

  it('E17: no marker where no directory was given', () => {
    const watched = watchV1(undefined, { persistDir: undefined, bundle: '' });
    happenV1(watched, 1);
    assert.deepEqual(watched.markers(), []);
  });

  it('E18: one that cannot be made is warned of and tried again at the end, the other is not', () => {
    const watched = watchV1();
    watched.sys.answer('open', -ENOSPC);
    happenV1(watched, 1);
    assert.deepEqual(watched.warnings, [
      'Failed to write oom file to the /persist path: No space left on device',
    ]);
    watched.watch.checkAtEnd();
    assert.deepEqual(watched.markers(), [...bothMarkers, '/persist/oom']);
  });
});

describe('own OOM score', () => {
  const path = '/proc/self/oom_score_adj';

  it('E26: -1000 is asked for, and the score from before is the answer', () => {
    const sys = createScriptedSys().file(path, '200\n').answer('write', -EINTR);
    assert.equal(shieldFromOomKiller(sys, assert.fail), '200');
    assert.equal(sys.written(100).toString(), '-1000');
    assert.deepEqual(sys.called('open'), [['open', path, O_RDWR | O_CLOEXEC, 0]]);
    assert.deepEqual(sys.calls.at(-1), ['close', 100]);
  });

  it('E26: without the privilege nothing is to be restored, and only debug is told', () => {
    const debugs: string[] = [];
    const sys = createScriptedSys().file(path, '0\n').answer('write', -EACCES);
    assert.equal(
      shieldFromOomKiller(sys, text => debugs.push(text)),
      undefined,
    );
    assert.deepEqual(debugs, ['failed to write to /proc/self/oom_score_adj: Permission denied']);
    assert.deepEqual(sys.calls.at(-1), ['close', 100]);
  });

  it('E26: a score is a number, with white space around it or not; anything else is restored as 0', () => {
    for (const [content, score] of [
      ['-17\n', '-17'],
      [' 0007 \n', '0007'],
      ['-0', '-0'],
      ...['', '-', '+1', '1 2', '--1', '1\0', 'x1', '\xa01'].map(text => [text, '0'] as const),
    ] as const) {
      const sys = createScriptedSys().file(path, Buffer.from(content, 'latin1'));
      assert.equal(shieldFromOomKiller(sys, assert.fail), score, JSON.stringify(content));
    }
  });

  it('E26: a score that cannot be read is restored as 0, without /proc nothing is done', () => {
    const debugs: string[] = [];
    const note = (text: string): void => {
      debugs.push(text);
    };
    assert.equal(shieldFromOomKiller(createScriptedSys().file(path, 'x').answer('read', -EIO), note), '0');
    assert.equal(shieldFromOomKiller(createScriptedSys().file(path, 'rubbish'), note), '0');
    assert.equal(shieldFromOomKiller(createScriptedSys().file(path, -ENOENT), note), undefined);
    assert.equal(debugs.length, 2);
  });
});
