// Events of containers as they happen, in whatever process. What has changed is noticed, the directory of state is looked
// at once the reader asks, and what is new is told: so a reader who takes his time costs no memory.

import { addAbortListener } from 'node:events';
import { documentError } from '../call.ts';
import type { Context } from '../context.ts';
import { ArgumentError } from '../errors.ts';
import type { Lifetime } from '../lifetime.ts';
import { makeSafeRoot } from '../state/safe-root.ts';
import { Changes } from './changes.ts';
import type { ContainerEvent, EventStream, EventsOptions } from './container-event.ts';
import { Observer } from './observer.ts';
import { StateWatch } from './state-watch.ts';

/** How soon the end of a container is noticed whose monitor was killed: nothing in the directory of state shows it. */
const lostLookMs = 2_000;

/** All are looked at after so many of these: the kernel drops changes that are more than it has room for. */
const lostLooksPerFullLook = 15;

/** Begins to watch. Throws {@link ArgumentError}; with whatever else goes wrong `next` rejects. */
export function openEventStream(context: Context, lifetime: Lifetime, options: EventsOptions): EventStream {
  const { since } = options;
  if (since !== undefined && !(since instanceof Date && Number.isFinite(since.getTime())))
    throw new ArgumentError(`since: ${since} is no time`);
  return new WatchedEvents(context, lifetime, options);
}

class WatchedEvents implements EventStream {
  readonly #changes = new Changes();
  readonly #observer: Observer;
  readonly #signal: AbortSignal | undefined;
  readonly #release: (() => void)[] = [];
  #told: ContainerEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ layout, logger }: Context, lifetime: Lifetime, { since, signal }: EventsOptions) {
    this.#observer = new Observer(layout, logger);
    this.#signal = signal;
    try {
      signal?.throwIfAborted();
      this.#endWith(lifetime, signal);
      makeSafeRoot(layout.root);
      const watch = new StateWatch(layout, name => this.#changes.note(name));
      this.#release.push(() => watch.close());
      // What is there already is no event, unless it is asked for.
      const events = this.#observer.look('all');
      if (since) this.#told = events.filter(({ time }) => time >= since).sort(compareTimes);
      this.#lookNowAndThen();
    } catch (error) {
      this.#end({ error });
    }
  }

  /** The next event. Rejects once with the signal's reason where that was aborted; is done after {@link Runtime.close}. */
  next(): Promise<IteratorResult<ContainerEvent, void>> {
    const result = this.#last
      .then(() => this.#take())
      .catch(error => {
        throw documentError(error, this.#signal);
      });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Ends it, as leaving a `for await` does. A `next` that waits is done. */
  async return(): Promise<IteratorResult<ContainerEvent, void>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  async #take(): Promise<IteratorResult<ContainerEvent, void>> {
    this.#timer?.ref();
    for (;;) {
      const event = this.#told.shift();
      if (event) return { done: false, value: event };
      if (this.#isOver) return this.#tellEnd();
      this.#told = this.#observer.look(this.#changes.take());
      if (this.#told.length === 0) await this.#changes.wait();
    }
  }

  #tellEnd(): IteratorResult<ContainerEvent, void> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    return { done: true, value: undefined };
  }

  #endWith(lifetime: Lifetime, signal: AbortSignal | undefined): void {
    this.#release.push(lifetime.onEnd(() => this.#end()));
    if (!signal) return;
    const listener = addAbortListener(signal, () => this.#end({ error: signal.reason }));
    this.#release.push(() => listener[Symbol.dispose]());
  }

  #lookNowAndThen(): void {
    let looks = 0;
    const look = () => {
      looks += 1;
      if (looks % lostLooksPerFullLook === 0) this.#changes.note(undefined);
      for (const name of this.#observer.listLost()) this.#changes.note(name);
    };
    this.#timer = setInterval(look, lostLookMs).unref();
    this.#release.push(() => clearInterval(this.#timer));
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#told = [];
    for (const release of this.#release.splice(0)) release();
    this.#changes.wake();
  }
}

function compareTimes(one: ContainerEvent, other: ContainerEvent): number {
  return one.time.getTime() - other.time.getTime();
}
