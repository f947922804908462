// From the making of a Runtime to its closing.

import { addAbortListener } from 'node:events';
import { StateError } from './errors.ts';

export class Lifetime {
  readonly #end = new AbortController();
  readonly #calls = new Set<Promise<unknown>>();

  /** Aborted at the end, with a {@link StateError}: nothing waits any longer. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Throws {@link StateError} after the end. */
  requireOpen(): void {
    this.signal.throwIfAborted();
  }

  end(): void {
    this.#end.abort(new StateError('this Runtime is closed'));
  }

  /** Counts a call as under way until it settles. */
  track<T>(call: Promise<T>): Promise<T> {
    const forget = () => this.#calls.delete(call);
    this.#calls.add(call);
    call.then(forget, forget);
    return call;
  }

  /** Those that are. */
  get calls(): readonly Promise<unknown>[] {
    return [...this.#calls];
  }

  /** A signal that is aborted at the end, or before it with another one. */
  until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.signal]) : this.signal;
  }

  /** Calls `release` at the end, unless what it returns has been called by then. */
  onEnd(release: () => void): () => void {
    const listener = addAbortListener(this.signal, release);
    return () => listener[Symbol.dispose]();
  }
}
