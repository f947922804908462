// From what is known of containers, time after time, to what has happened to them.

import type { ContainerEvent, EventType } from './container-event.ts';
import type { Facts } from './facts.ts';

/** What has been told of a container. It stays told: in the middle of a deletion some of it can't be seen any more. */
interface Told {
  readonly facts: Facts;
  readonly started: boolean;
  readonly outOfMemory: boolean;
  readonly paused: boolean;
  readonly exited: boolean;
}

/** Remembers of each container what has been told of it, as long as anything is known of it. */
export class EventTracker {
  /** By ID, and below that by incarnation. */
  readonly #told = new Map<string, Map<string, Told>>();

  /** Takes what is known of a container now. Returns what has happened since, oldest first, each once. */
  observe(facts: Facts, now: Date): ContainerEvent[] {
    const before = this.#told.get(facts.id)?.get(facts.incarnation);
    if (before?.facts.isDeleted) return [];
    const started = facts.startedAt !== undefined || (before?.started ?? false);
    const exited = started && (facts.exit !== undefined || (before?.exited ?? false));
    const paused = facts.pausedAt !== undefined;
    const outOfMemory = facts.oomKilled || (before?.outOfMemory ?? false);
    const events: ContainerEvent[] = [];
    const tell = (type: EventType, time: Date | undefined) =>
      events.push(makeEvent(type, facts, time ?? now));
    if (!before) tell('create', facts.createdAt);
    if (started && !before?.started) tell('start', facts.startedAt);
    if (outOfMemory && !before?.outOfMemory) tell('oom', undefined);
    if (paused && !before?.paused) tell('pause', facts.pausedAt);
    if (before?.paused && !paused && !exited) tell('resume', undefined);
    if (exited && !before?.exited) tell('exit', facts.exit?.finishedAt);
    if (facts.isDeleted) tell('delete', facts.deletedAt);
    this.#keep({ facts, started, outOfMemory, paused, exited });
    return events;
  }

  /** Takes that nothing is known any more of a container. */
  observeNothing(id: string, incarnation: string, now: Date): ContainerEvent[] {
    const ofId = this.#told.get(id);
    const before = ofId?.get(incarnation);
    if (!ofId || !before) return [];
    ofId.delete(incarnation);
    if (ofId.size === 0) this.#told.delete(id);
    const { facts, started, exited } = before;
    if (facts.isDeleted) return [];
    const unknown = { ...facts, exit: undefined };
    const events = started && !exited ? [makeEvent('exit', unknown, now)] : [];
    return [...events, makeEvent('delete', unknown, now)];
  }

  /** What was known last of all containers that anything is remembered of; or of those that had one ID. */
  list(id?: string): Facts[] {
    const all = id === undefined ? [...this.#told.values()] : [this.#told.get(id) ?? new Map<string, Told>()];
    return all.flatMap(ofId => [...ofId.values()].map(({ facts }) => facts));
  }

  #keep(told: Told): void {
    const { id, incarnation } = told.facts;
    const ofId = this.#told.get(id) ?? new Map<string, Told>();
    this.#told.set(id, ofId.set(incarnation, told));
  }
}

function makeEvent(type: EventType, { id, incarnation, name, exit }: Facts, time: Date): ContainerEvent {
  const event = { type, id, incarnation, name, time };
  return type === 'exit' ? { ...event, exitCode: exit?.exitCode } : event;
}
