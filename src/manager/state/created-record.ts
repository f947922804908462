// What is written down once a container's processes are there.

import { readCgroups } from '../cgroups/container-cgroup.ts';
import { identifyProcess } from '../processes/processes.ts';
import type { CreatedRecord } from './records.ts';

/** Made before the container is started where that can be: its program may move itself to another cgroup. */
export function makeCreatedRecord(pid: number, monitorPid: number | undefined): CreatedRecord {
  const process = identifyProcess(pid);
  const monitor = monitorPid === undefined ? undefined : identifyProcess(monitorPid);
  return {
    pid,
    process: process ?? null,
    monitor: monitor ?? null,
    cgroups: process ? readCgroups(process, monitor) : [],
  };
}
