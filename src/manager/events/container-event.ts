// What happens to containers, as the library tells it.

import type { CallOptions } from '../types.ts';

/** `create`: it is there, and waits to be started. `start`: its program was started. `oom`: the kernel's OOM killer
 * struck in it. `pause`, `resume`: by {@link Runtime.pause} and {@link Runtime.resume}. `exit`: it was started, and has
 * ended. `delete`: it is gone, and its ID is free. */
export type EventType = 'create' | 'start' | 'oom' | 'pause' | 'resume' | 'exit' | 'delete';

/** All of them, in the order of a life. */
export const eventTypes = [
  'create',
  'start',
  'oom',
  'pause',
  'resume',
  'exit',
  'delete',
] as const satisfies readonly EventType[];

/** Something that happened to a container. See {@link Runtime.events}. */
export interface ContainerEvent {
  readonly type: EventType;
  readonly id: string;
  /** Tells containers apart that had one ID after the other. */
  readonly incarnation: string;
  readonly name: string;
  /** When it happened; when it was noticed where nobody has written that down. */
  readonly time: Date;
  /** Only of `exit`. 0-255, 128 + signal; -1 where the monitor's own time limit ended it; `undefined` where nobody
   * knows. */
  readonly exitCode?: number | undefined;
}

/** What {@link Runtime.events} can be told. */
export interface EventsOptions extends Pick<CallOptions, 'signal'> {
  /** Tells first what has happened since then, as far as that is still known: of containers that are there, and of those
   * that were deleted within the last five minutes. Default: only what happens from now on. */
  readonly since?: Date;
}

/** What {@link Runtime.events} returns: an async iterable that can be read once. It begins with the call, and keeps the
 * process alive from when it is first read to its end. */
export interface EventStream
  extends AsyncIterableIterator<ContainerEvent, void, undefined>,
    AsyncDisposable {}
