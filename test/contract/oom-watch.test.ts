// The OOM watch over the running kernel: real OOMs on version 1, files laid out as the kernel's on version 2.

import assert from 'node:assert/strict';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { shieldFromOomKiller } from '../../src/oom/own-score.ts';
import { type OomWatch, watchOom } from '../../src/oom/watch-oom.ts';
import { EPOLLIN, O_CLOEXEC, SIGKILL } from '../../src/sys/constants.ts';
import { Reactor } from '../../src/sys/reactor.ts';
import { sys } from '../../src/sys/real.ts';
import { layOutV2, makeNotes, makePlaces } from '../fixtures/cgroup-v2.ts';
import { turn } from '../fixtures/turn.ts';
import { needsRoot, runWithoutInotify } from '../fixtures/without-inotify.ts';

const memoryRoot = '/sys/fs/cgroup/memory';
const limitBytes = 16 * 1024 * 1024;
const turnMsMax = 20_000;

const dir = mkdtempSync(join(tmpdir(), 'conmon-oom-'));
const cgroups: string[] = [];
after(() => {
  rmSync(dir, { recursive: true });
  for (const cgroup of cgroups.filter(existsSync)) removeByForce(cgroup);
});

describe('OOM watch on cgroup version 1', { skip: missingOnV1() }, () => {
  it('E17: a real OOM kill makes both markers, of mode 0644', () => {
    const container = startContainer('exec tail /dev/zero');
    assert.equal(container.runToEnd(), SIGKILL);
    container.watch.checkAtEnd();
    container.remove();
    for (const marker of container.markers) assert.equal(statSync(marker).mode, 0o100644);
    assert.deepEqual(container.warnings, []);
  });

  it('E24: an OOM kill that only the last look can see makes the markers', () => {
    const container = startContainer('exec tail /dev/zero');
    container.go();
    assert.equal(container.reap(), SIGKILL); // without a turn of the reactor
    assert.deepEqual(container.markers.map(existsSync), [false, false]);
    container.watch.checkAtEnd();
    container.remove();
    assert.deepEqual(container.markers.map(existsSync), [true, true]);
  });

  it('E23: the removal of the cgroup makes no marker', () => {
    const container = startContainer('exit 3');
    assert.equal(container.runToEnd(), 3 << 8);
    container.removeCgroup();
    container.turnUntil(() => container.debugs.some(text => text.startsWith('Memory cgroup event count: 1')));
    container.watch.checkAtEnd();
    container.remove();
    assert.deepEqual(container.markers.map(existsSync), [false, false]);
  });

  it('E23: an OOM kill and then the removal of the cgroup make the markers', () => {
    const container = startContainer('exec tail /dev/zero');
    container.go();
    assert.equal(container.reap(), SIGKILL);
    container.removeCgroup();
    container.turnUntil(() => container.debugs.some(text => text.startsWith('Memory cgroup event count: 2')));
    container.remove();
    assert.deepEqual(container.markers.map(existsSync), [true, true]);
  });
});

describe('OOM watch on files laid out as version 2', () => {
  it('E20: a change of memory.events is noticed by inotify, and makes the markers when it is an OOM', () => {
    const cgroup = layOutV2(dir);
    cgroup.write('low 0\nhigh 0\nmax 7\noom 0\noom_kill 0\n');
    turn(cgroup.reactor, turnMsMax);
    assert.deepEqual(cgroup.markers.map(existsSync), [false, false]);
    cgroup.write('low 0\nhigh 0\nmax 8\noom 1\noom_kill 1\n');
    turn(cgroup.reactor, turnMsMax);
    assert.deepEqual(cgroup.markers.map(existsSync), [true, true]);
    cgroup.watch.close();
    assert.deepEqual(cgroup.warnings, []);
  });

  it('E20: the last look sees what inotify had no turn to report', () => {
    const cgroup = layOutV2(dir);
    cgroup.write('oom 0\noom_kill 2\n');
    cgroup.watch.checkAtEnd();
    cgroup.watch.close();
    assert.deepEqual(cgroup.markers.map(existsSync), [true, true]);
  });

  it('E27: without an inotify instance an OOM is found by looking, and by the last look', {
    skip: needsRoot,
  }, () => {
    assert.deepEqual(runWithoutInotify('oom-without-inotify.ts'), {
      warnings: ['Failed to create inotify fd: Too many open files'],
      byLooking: true,
      byTheLastLook: true,
    });
  });

  it('E22: the removal of the cgroup makes no marker and no warning', () => {
    const cgroup = layOutV2(dir);
    rmSync(cgroup.path, { recursive: true });
    turn(cgroup.reactor, turnMsMax);
    cgroup.watch.checkAtEnd();
    cgroup.watch.close();
    assert.deepEqual(cgroup.markers.map(existsSync), [false, false]);
    assert.deepEqual(cgroup.warnings, []);
  });
});

it('E26: our own score is -1000 afterwards, or as before where that is not ours to ask', () => {
  const read = (): string => readFileSync('/proc/self/oom_score_adj', 'utf8');
  const before = read();
  const debugs: string[] = [];
  const restored = shieldFromOomKiller(sys, text => debugs.push(text));
  if (restored === undefined) {
    assert.equal(read(), before);
    assert.match(debugs.join(), /failed to write to .*: Permission denied/);
  } else {
    assert.equal(`${restored}\n`, before);
    assert.equal(read(), '-1000\n');
    writeFileSync('/proc/self/oom_score_adj', restored);
  }
});

// --- version 1 --------------------------------------------------------------------------------------------------

interface Container {
  readonly watch: OomWatch;
  readonly markers: string[];
  readonly warnings: string[];
  readonly debugs: string[];
  go(): void;
  reap(): number;
  /** Lets it go and turns the reactor until it has ended. Returns its wait status. */
  runToEnd(): number;
  turnUntil(done: () => boolean): void;
  removeCgroup(): void;
  remove(): void;
}

// A process in a scratch cgroup that waits for a go before it runs the script.
function startContainer(script: string): Container {
  const cgroup = mkdtempSync(join(memoryRoot, 'conmon-test-'));
  cgroups.push(cgroup);
  writeFileSync(join(cgroup, 'memory.limit_in_bytes'), String(limitBytes));
  const [stdin, go] = makePipe(O_CLOEXEC);
  const [ready, stdout] = makePipe(O_CLOEXEC);
  const pid = sys.spawn({
    file: '/bin/sh',
    argv: ['sh', '-c', `echo 0 > ${cgroup}/cgroup.procs && echo && read go && ${script}`],
    environ: Buffer.from('PATH=/usr/bin:/bin\0'),
    fds: [
      { from: stdin, to: 0 },
      { from: stdout, to: 1 },
    ],
    parentDeathSignal: SIGKILL,
  });
  sys.close(stdin);
  sys.close(stdout);
  assert.equal(sys.read(ready, new Uint8Array(1), 0, 1), 1);

  const reactor = new Reactor(sys);
  const notes = makeNotes();
  const places = makePlaces(dir);
  const watch = watchOom(sys, reactor, { pid, ...places }, notes);
  const status = new Int32Array(1);
  const container: Container = {
    watch,
    ...notes,
    markers: places.markers,
    go: () => void sys.write(go, Buffer.from('\n'), 0, 1),
    reap: () => {
      assert.equal(sys.waitpid(pid, status, 0), pid);
      return status[0]!;
    },
    runToEnd: () => {
      let ended = false;
      const pidfd = sys.pidfdOpen(pid);
      reactor.watch(pidfd, EPOLLIN, () => {
        ended = true;
      });
      container.go();
      container.turnUntil(() => ended);
      reactor.forget(pidfd);
      sys.close(pidfd);
      return container.reap();
    },
    turnUntil: done => {
      const until = reactor.nowMs() + turnMsMax;
      while (!done()) {
        assert.ok(reactor.nowMs() < until, 'nothing happened in time');
        turn(reactor, turnMsMax);
      }
    },
    removeCgroup: () => rmdirSync(cgroup),
    remove: () => {
      watch.close();
      for (const fd of [go, ready]) sys.close(fd);
      if (existsSync(cgroup)) rmdirSync(cgroup);
    },
  };
  return container;
}

// After a test that failed: its process may still be there.
function removeByForce(cgroup: string): void {
  for (const pid of readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    sys.kill(Number(pid), SIGKILL);
    sys.waitpid(Number(pid), new Int32Array(1), 0);
  }
  rmdirSync(cgroup);
}

function missingOnV1(): string | false {
  try {
    accessSync(memoryRoot, constants.W_OK);
    return existsSync(join(memoryRoot, 'cgroup.event_control')) ? false : 'needs cgroup.event_control';
  } catch {
    return 'needs root and a memory hierarchy of cgroup version 1';
  }
}

function makePipe(flags: number): [reader: number, writer: number] {
  const fds = new Int32Array(2);
  assert.equal(sys.pipe2(fds, flags), 0);
  return [fds[0]!, fds[1]!];
}
