// One inotify watch on a directory, for any number of waiters.

import { type FSWatcher, watch } from 'node:fs';

/** Called when the entry of that name may have appeared, changed or gone; the one called looks. */
export type EntryListener = () => void;

/** Watches a directory while anybody listens. Unless `persistent`, that does not keep the process alive. */
export class DirectoryWatch {
  readonly #path: string;
  readonly #persistent: boolean;
  readonly #listeners = new Map<string, Set<EntryListener>>();
  #watcher: FSWatcher | undefined;

  constructor(path: string, options: { readonly persistent?: boolean } = {}) {
    this.#path = path;
    this.#persistent = options.persistent ?? false;
  }

  /** Calls `listener` on every event for the entry `name`. Whoever listens looks once more after this returns:
   * events before it are nobody's. Returns what ends it. */
  listen(name: string, listener: EntryListener): () => void {
    this.#start();
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) this.#listeners.delete(name);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  #start(): void {
    if (this.#watcher) return;
    this.#watcher = watch(this.#path, { persistent: this.#persistent });
    this.#watcher.on('change', (_event, name) => this.#tell(name === null ? undefined : String(name)));
    // A directory that is taken away: everybody looks again, and the next listener watches anew.
    this.#watcher.on('error', () => {
      this.#stop();
      this.#tell(undefined);
    });
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #tell(name: string | undefined): void {
    const sets =
      name === undefined ? [...this.#listeners.values()] : [this.#listeners.get(name) ?? new Set()];
    for (const set of sets) for (const listener of [...set]) listener();
  }
}
