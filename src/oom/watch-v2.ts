// Version 2: memory.events holds counters, and inotify tells that they have changed.

import { EPOLLIN, IN_CLOEXEC, IN_MODIFY, IN_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, EINTR, ENOENT, errorWords } from '../sys/errno.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { type CgroupWatch, type OomNotes, pollCgroup } from './cgroup-watch.ts';
import { CounterFile } from './counter-file.ts';

const inotifyBytesMax = 4096; // many events; what they say is not looked at

/** `joined`: what the counters say at first was before our time. */
export function watchCgroupV2(
  sys: Sys,
  reactor: Reactor,
  cgroupPath: string,
  joined: boolean,
  onOom: () => void,
  notes: OomNotes,
): CgroupWatch | undefined {
  const path = `${cgroupPath}/memory.events`;
  const inotify = startInotify(sys, path, notes);
  if (inotify === -ENOENT) return undefined;
  const counters = new CounterFile(sys, path, joined, onOom, notes);
  const poll = (): CgroupWatch => pollCgroup(reactor, () => counters.check());
  if (inotify < 0) return poll();

  let fd = inotify;
  const close = (): void => {
    if (fd < 0) return;
    reactor.forget(fd);
    sys.close(fd);
    fd = -1;
  };
  const buf = new Uint8Array(inotifyBytesMax);
  const onEvents = (): void => {
    const got = sys.read(fd, buf, 0, buf.length);
    counters.check();
    if (got <= 0 && got !== -EAGAIN && got !== -EINTR) close();
  };
  const watched = reactor.tryWatch(fd, EPOLLIN, onEvents);
  if (watched >= 0) return { check: () => counters.check(), close };
  notes.warn(`Failed to watch inotify fd: ${errorWords(watched)}`);
  close();
  return poll();
}

/** Returns the fd; -errno where it is refused, -ENOENT where there is no such file. */
function startInotify(sys: Sys, path: string, notes: OomNotes): number {
  const fd = sys.inotifyInit(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    notes.warn(`Failed to create inotify fd: ${errorWords(fd)}`);
    return fd;
  }
  const answer = sys.inotifyAddWatch(fd, path, IN_MODIFY);
  if (answer >= 0) return fd;
  sys.close(fd);
  if (answer === -ENOENT)
    notes.debug(`memory.events file does not exist at ${path}, skipping OOM monitoring`);
  else notes.warn(`Failed to add inotify watch for ${path}: ${errorWords(answer)}`);
  return answer;
}
