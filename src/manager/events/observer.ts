// Looking at containers, and telling what has happened to them since the last look.

import { listNames } from '../files.ts';
import type { Logger } from '../logger.ts';
import { isRunning } from '../processes/processes.ts';
import { formatIncarnation, type Layout, layOutContainer, parseIncarnation } from '../state/layout.ts';
import type { ContainerEvent } from './container-event.ts';
import { type Facts, readFacts } from './facts.ts';
import { EventTracker } from './tracker.ts';

export class Observer {
  readonly #layout: Layout;
  readonly #logger: Logger;
  readonly #tracker = new EventTracker();

  constructor(layout: Layout, logger: Logger) {
    this.#layout = layout;
    this.#logger = logger;
  }

  /** Looks at the containers with these names. Returns what has happened to them since the last look. */
  look(changed: ReadonlySet<string> | 'all'): ContainerEvent[] {
    const now = new Date();
    const events: ContainerEvent[] = [];
    const found: Facts[] = [];
    for (const name of this.#listNames(changed)) {
      const { id, incarnation } = parseIncarnation(name)!;
      try {
        const facts = readFacts(this.#layout, layOutContainer(this.#layout, id, incarnation));
        if (facts) found.push(facts);
        else events.push(...this.#tracker.observeNothing(id, incarnation, now));
      } catch (err) {
        this.#logger.debug({ id, incarnation, err }, 'what is known of a container can’t be read');
      }
    }
    // Of containers that had one ID after the other, the end of the former comes first.
    found.sort((one, other) => timeOf(one) - timeOf(other));
    return [...events, ...found.flatMap(facts => this.#tracker.observe(facts, now))];
  }

  /** Names of those that have lost their monitor: nothing shows when they end. */
  listLost(): string[] {
    return this.#tracker
      .list()
      .filter(({ monitor }) => monitor && !isRunning(monitor))
      .map(nameOf);
  }

  /** Those that are asked for, each with the ones that had its ID before. */
  #listNames(changed: ReadonlySet<string> | 'all'): Set<string> {
    if (changed === 'all') {
      const { codes, incarnations } = this.#layout;
      const kept = listNames(codes).map(name => name.replace(/\.json$/, ''));
      const known = this.#tracker.list().map(nameOf);
      return new Set([...kept, ...known, ...listNames(incarnations)].filter(parseIncarnation));
    }
    const names = [...changed].filter(parseIncarnation);
    const former = names.flatMap(name => this.#tracker.list(parseIncarnation(name)!.id));
    return new Set([...former.filter(({ isDeleted }) => !isDeleted).map(nameOf), ...names]);
  }
}

function nameOf({ id, incarnation }: Facts): string {
  return formatIncarnation(id, incarnation);
}

function timeOf({ createdAt }: Facts): number {
  return createdAt?.getTime() ?? 0;
}
