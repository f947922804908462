// What a monitor is made of, for its life and for its end.

import type { Logs } from '../logs/logs.ts';
import type { Messages } from '../messages/messages.ts';
import type { NotifyRelay } from '../notify/notify-relay.ts';
import type { OomWatch } from '../oom/watch-oom.ts';
import type { Options } from '../options/options.ts';
import type { SyncPipe } from '../parent/sync-pipe.ts';
import type { Reactor } from '../sys/reactor.ts';
import type { SpareFd } from '../sys/spare-fd.ts';
import type { Sys } from '../sys/sys.ts';
import type { ContainerIo } from './container-io.ts';
import type { Processes } from './processes.ts';

export interface Parts {
  readonly sys: Sys;
  readonly reactor: Reactor;
  readonly options: Options;
  readonly messages: Messages;
  readonly warn: (message: string) => void;
  /** The caller's environment, as for {@link SpawnPlan}. */
  readonly environ: Uint8Array;
  /** The caller's soft RLIMIT_NOFILE, where it is known. */
  readonly openFilesMax: number | undefined;
  /** The caller's fds that the container may want, or that are only to stay open. */
  readonly parkedFds: readonly number[];
  readonly syncPipe: SyncPipe;
  readonly logs: Logs;
  readonly io: ContainerIo;
  readonly processes: Processes;
  /** For the files that the end writes. */
  spareFd: SpareFd | undefined;
  notify: NotifyRelay | undefined;
  oom: OomWatch | undefined;
  /** The OOM score that we had, where ours is another now. */
  oomScoreAdj: string | undefined;
}
