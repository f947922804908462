// Version 1: an eventfd, registered with the cgroup for its memory.oom_control, counts the OOMs. It counts the
// removal of the cgroup as well, as one. Where there is no such eventfd, memory.oom_control has the count of kills.

import { EFD_CLOEXEC, EFD_NONBLOCK, EPOLLIN, O_CLOEXEC, O_RDONLY, O_WRONLY } from '../sys/constants.ts';
import { EAGAIN, errorWords } from '../sys/errno.ts';
import { writeAll } from '../sys/files.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { utf8Bytes } from '../sys/text.ts';
import { untilDone } from '../sys/until-done.ts';
import { type CgroupWatch, type OomNotes, pollCgroup } from './cgroup-watch.ts';
import { CounterFile } from './counter-file.ts';

/** `joined`: what memory.oom_control says at first was before our time. */
export function watchCgroupV1(
  sys: Sys,
  reactor: Reactor,
  cgroupPath: string,
  joined: boolean,
  onOom: () => void,
  notes: OomNotes,
): CgroupWatch {
  const controlPath = `${cgroupPath}/cgroup.event_control`;
  const oomPath = `${cgroupPath}/memory.oom_control`;
  const eventfd = registerEventfd(sys, controlPath, oomPath, notes);
  if (eventfd < 0) {
    const kills = new CounterFile(sys, oomPath, joined, onOom, notes);
    return pollCgroup(reactor, () => kills.check());
  }

  let fd = eventfd;
  let counted = 0;
  let reported = 0;
  const close = (): void => {
    if (fd < 0) return;
    reactor.forget(fd);
    sys.close(fd);
    fd = -1;
  };
  const check = (): void => {
    if (fd < 0) return;
    const count = readCount(sys, fd);
    if (count === 'broken') close();
    if (typeof count !== 'number' || count === 0) return;
    counted += count;
    const ooms = countOoms(counted, sys.access(controlPath, 0) < 0);
    notes.debug(`Memory cgroup event count: ${counted}, OOMs: ${ooms}`);
    if (ooms > reported) onOom();
    reported = ooms;
  };
  const watched = reactor.tryWatch(fd, EPOLLIN, check);
  if (watched >= 0) return { check, close };
  notes.warn(`Failed to watch eventfd: ${errorWords(watched)}`);
  const polls = pollCgroup(reactor, () => {
    check();
    return fd >= 0;
  });
  return {
    check,
    close: () => {
      polls.close();
      close();
    },
  };
}

/**
 * How many of all events so far were OOMs. Whether the cgroup is there is to be asked after they were counted: its
 * files go before its removal is counted, so while they are there all events were OOMs; afterwards one was, or is
 * about to be, the removal.
 */
export function countOoms(counted: number, removed: boolean): number {
  return removed ? Math.max(0, counted - 1) : counted;
}

/** Returns the eventfd, or -errno. */
function registerEventfd(sys: Sys, controlPath: string, oomPath: string, notes: OomNotes): number {
  const fd = sys.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    notes.warn(`Failed to create eventfd: ${errorWords(fd)}`);
    return fd;
  }
  const control = sys.open(controlPath, O_WRONLY | O_CLOEXEC, 0);
  if (control < 0) notes.warn(`Failed to open ${controlPath}: ${errorWords(control)}`);
  const answer = control < 0 ? control : register(sys, fd, control, oomPath, notes);
  if (control >= 0) sys.close(control);
  if (answer >= 0) return fd;
  sys.close(fd);
  return answer;
}

function register(sys: Sys, fd: number, control: number, oomPath: string, notes: OomNotes): number {
  const oomControl = sys.open(oomPath, O_RDONLY | O_CLOEXEC, 0);
  if (oomControl < 0) {
    notes.warn(`Failed to open ${oomPath}: ${errorWords(oomControl)}`);
    return oomControl;
  }
  // A kernel built for real time has no such interface, and refuses (PREEMPT_RT).
  const answer = writeAll(sys, control, utf8Bytes(`${fd} ${oomControl}`));
  if (answer < 0) notes.warn(`Failed to write to cgroup.event_control: ${errorWords(answer)}`);
  sys.close(oomControl);
  return answer;
}

function readCount(sys: Sys, fd: number): number | 'broken' {
  const words = new Uint32Array(2); // eventfd(2): one 64-bit integer in the machine's byte order, little-endian here
  const buf = new Uint8Array(words.buffer);
  const got = untilDone(() => sys.read(fd, buf, 0, buf.length));
  if (got === -EAGAIN) return 0;
  return got === buf.length ? words[1]! * 2 ** 32 + words[0]! : 'broken';
}
