// From what is known of containers, time after time, to what has happened to them.

import type { ContainerState } from '../../manager/index.ts';

export const eventTypes = ['create', 'start', 'oom', 'exit', 'delete'] as const;

type EventType = (typeof eventTypes)[number];

/** Something that happened to a container. */
export interface ContainerEvent {
  readonly time: Date;
  readonly event: EventType;
  readonly id: string;
  readonly name: string;
  /** At `exit`: null where it is not known. */
  readonly exitCode?: number | null;
}

interface Known {
  readonly createdAtMs: number | undefined;
  readonly name: string;
  readonly started: boolean;
  readonly outOfMemory: boolean;
  readonly exited: boolean;
  readonly deleted: boolean;
}

/** Remembers of each container what has been told of it. */
export class EventTracker {
  readonly #known = new Map<string, Known>();

  /** Takes what is known of the container now, `undefined` for nothing. Returns what has happened since, oldest
   * first, each once. */
  observe(id: string, state: ContainerState | undefined, now: Date): ContainerEvent[] {
    if (!state || state.status === 'creating') return this.#observeNone(id, state, now);
    if (state.bundle === undefined) return this.#observeDeleted(state, now);
    const before = this.#known.get(id);
    const isAnother = before !== undefined && before.createdAtMs !== state.createdAt?.getTime();
    const events = isAnother && !before.deleted ? [makeEvent('delete', id, before.name, now)] : [];
    const old = isAnother || before?.deleted ? undefined : before;
    if (!old) events.push(makeEvent('create', id, state.name, state.createdAt ?? now));
    const started = state.startedAt !== undefined;
    if (started && !old?.started) events.push(makeEvent('start', id, state.name, state.startedAt ?? now));
    if (state.oomKilled && !old?.outOfMemory) events.push(makeEvent('oom', id, state.name, now));
    const exited = hasExited(state);
    if (exited && !old?.exited) events.push(makeExit(state, now));
    this.#known.set(id, {
      createdAtMs: state.createdAt?.getTime(),
      name: state.name,
      // What has been told stays told: in the middle of a deletion some of it can't be seen any more.
      started: started || (old?.started ?? false),
      outOfMemory: state.oomKilled || (old?.outOfMemory ?? false),
      exited: exited || (old?.exited ?? false),
      deleted: false,
    });
    return events;
  }

  /** A container that is deleted keeps its times and its exit code for a while: a short one may be gone before it
   * was looked at, and has been created and started all the same. */
  #observeDeleted(state: ContainerState, now: Date): ContainerEvent[] {
    const { id, name, createdAt, startedAt } = state;
    const before = this.#known.get(id);
    if (before?.deleted) return [];
    const events: ContainerEvent[] = [];
    if (!before) events.push(makeEvent('create', id, name, createdAt ?? now));
    if (startedAt && !before?.started) events.push(makeEvent('start', id, name, startedAt));
    if (state.oomKilled && !before?.outOfMemory) events.push(makeEvent('oom', id, name, now));
    const hasRun = startedAt !== undefined || before?.started;
    if (hasRun && !before?.exited) events.push(makeExit(state, now));
    events.push(makeEvent('delete', id, name, now));
    this.#known.set(id, {
      createdAtMs: undefined,
      name,
      started: true,
      outOfMemory: true,
      exited: true,
      deleted: true,
    });
    return events;
  }

  #observeNone(id: string, state: ContainerState | undefined, now: Date): ContainerEvent[] {
    const before = this.#known.get(id);
    if (!before || state) return [];
    this.#known.delete(id);
    return before.deleted ? [] : [makeEvent('delete', id, before.name, now)];
  }
}

/** The process may be gone a moment before its exit code is there; the monitor is there as long. */
function hasExited(state: ContainerState): boolean {
  return state.status === 'stopped' && (state.exitCode !== undefined || state.monitorPid === undefined);
}

function makeExit(state: ContainerState, now: Date): ContainerEvent {
  const event = makeEvent('exit', state.id, state.name, state.finishedAt ?? now);
  return { ...event, exitCode: state.exitCode ?? null };
}

function makeEvent(event: EventType, id: string, name: string, time: Date): ContainerEvent {
  return { time, event, id, name };
}
