// Learns of OOM kills in the container's memory cgroup and says so by its markers.

import { ENOENT, errorWords } from '../sys/errno.ts';
import { readFile } from '../sys/files.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { cgroupRoot, findMemoryCgroup } from './cgroup-path.ts';
import type { CgroupWatch, OomNotes } from './cgroup-watch.ts';
import { OomMarkers } from './oom-markers.ts';
import { watchCgroupV1 } from './watch-v1.ts';
import { watchCgroupV2 } from './watch-v2.ts';

export interface OomSubject {
  /** A process of the container, alive. */
  readonly pid: number;
  readonly bundle?: string | undefined;
  readonly persistDir?: string | undefined;
  /** True for an exec: what had happened in the container before it is not its own. */
  readonly joined?: boolean;
  /** Where the cgroup file systems are mounted, if not at /sys/fs/cgroup. */
  readonly root?: string;
}

export interface OomWatch {
  /** Looks once more, for what the reactor has not come to report. To be called when the container has ended. */
  checkAtEnd(): void;
  close(): void;
}

const procFileBytesMax = 65_536; // a line for each hierarchy, each with a path of up to 4096

/** Watches until closed. Where there is nothing to watch it says why, and the watch does nothing. */
export function watchOom(sys: Sys, reactor: Reactor, subject: OomSubject, notes: OomNotes): OomWatch {
  const markers = new OomMarkers(sys, [subject.persistDir, subject.bundle], message => notes.warn(message));
  let seen = false;
  const onOom = (): void => {
    notes.info('OOM received');
    seen = true;
    markers.place();
  };
  const watch = startWatch(sys, reactor, subject, onOom, notes);
  return {
    checkAtEnd: () => {
      watch?.check();
      if (seen) markers.place();
    },
    close: () => watch?.close(),
  };
}

function startWatch(
  sys: Sys,
  reactor: Reactor,
  subject: OomSubject,
  onOom: () => void,
  notes: OomNotes,
): CgroupWatch | undefined {
  const path = `/proc/${subject.pid}/cgroup`;
  const content = readFile(sys, path, procFileBytesMax);
  if (typeof content === 'number') {
    // A process that has ended at once has no such file any more: nothing to warn anybody of.
    const text = `Failed to open cgroups file: ${path}: ${errorWords(content)}`;
    if (content === -ENOENT) notes.debug(text);
    else notes.warn(text);
    return undefined;
  }
  const cgroup = findMemoryCgroup(content, subject.root ?? cgroupRoot);
  if (!cgroup) {
    notes.debug('Failed to get memory cgroup path. Container may have exited');
    return undefined;
  }
  const watchCgroup = cgroup.version === 1 ? watchCgroupV1 : watchCgroupV2;
  return watchCgroup(sys, reactor, cgroup.path, subject.joined ?? false, onOom, notes);
}
