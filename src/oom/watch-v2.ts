// Version 2: memory.events holds counters, and inotify tells that they have changed.

import { EPOLLIN, IN_CLOEXEC, IN_MODIFY, IN_NONBLOCK } from '../sys/constants.ts';
import { EAGAIN, EINTR, ENOENT, errorWords } from '../sys/errno.ts';
import { readFile } from '../sys/files.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { hasNewOom, noOoms, type OomCounters, parseMemoryEvents } from './memory-events.ts';
import type { CgroupWatch, OomNotes } from './watch-oom.ts';

const eventsFileBytesMax = 4096; // half a dozen short lines
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
  let known: OomCounters = noOoms;
  let fd = startInotify(sys, path, notes);
  if (fd < 0) return undefined;

  const close = (): void => {
    if (fd < 0) return;
    reactor.forget(fd);
    sys.close(fd);
    fd = -1;
  };
  const check = (): void => {
    const now = readCounters(sys, path, notes);
    if (!now) return;
    if (hasNewOom(known, now)) onOom();
    known = now;
  };
  const buf = new Uint8Array(inotifyBytesMax);
  const onEvents = (): void => {
    const got = sys.read(fd, buf, 0, buf.length);
    check();
    if (got <= 0 && got !== -EAGAIN && got !== -EINTR) close();
  };

  if (joined) known = readCounters(sys, path, notes) ?? noOoms;
  reactor.watch(fd, EPOLLIN, onEvents);
  return { check, close };
}

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

function readCounters(sys: Sys, path: string, notes: OomNotes): OomCounters | undefined {
  const content = readFile(sys, path, eventsFileBytesMax);
  if (typeof content !== 'number') return parseMemoryEvents(content);
  if (content === -ENOENT) notes.debug('Cgroup appears to have been removed, stopping OOM monitoring');
  else notes.warn(`Failed to open cgroups file: ${path}: ${errorWords(content)}`);
  return undefined;
}
