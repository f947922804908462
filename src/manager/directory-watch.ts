// One watch on a directory, for any number of waiters.

import { lstatSync, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Called when the entry of that name may have appeared, changed or gone; the one called looks. */
export type EntryListener = () => void;

/** Watches a directory while anybody listens. Unless `persistent`, that does not keep the process alive. */
export class DirectoryWatch {
  readonly #path: string;
  readonly #persistent: boolean;
  readonly #listeners = new Map<string, Set<EntryListener>>();
  #watcher: EntryWatch | undefined;

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
    const onChange = (name: string | null) => this.#tell(name);
    // A directory that is taken away: everybody looks again, and the next listener watches anew.
    const onError = () => {
      this.#stop();
      this.#tell(null);
    };
    this.#watcher = watchEntries(this.#path, this.#persistent, onChange, onError);
  }

  #stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #tell(name: string | null): void {
    const sets = name === null ? [...this.#listeners.values()] : [this.#listeners.get(name) ?? new Set()];
    for (const set of sets) for (const listener of [...set]) listener();
  }
}

export interface EntryWatch {
  close(): void;
}

/**
 * Calls `onChange` with the name of each entry that may have appeared, changed or gone, or with null for any of them, and
 * `onError` when the directory is gone. A user has no more than so many inotify instances and watches (fs.inotify in
 * sysctl(8)): without one the directory is looked at every half a second.
 */
export function watchEntries(
  path: string,
  persistent: boolean,
  onChange: (name: string | null) => void,
  onError: () => void,
): EntryWatch {
  try {
    const watcher = watch(path, { persistent });
    watcher.on('change', (_event, name) => onChange(name === null ? null : String(name)));
    watcher.on('error', onError);
    return watcher;
  } catch (error) {
    if (!refusals.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return pollEntries(path, persistent, onChange, onError);
  }
}

/** Of inotify_init(2) and inotify_add_watch(2), for want of room and not of the directory. */
const refusals = new Set(['EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM']);
const pollMs = 500;

function pollEntries(
  path: string,
  persistent: boolean,
  onChange: (name: string) => void,
  onError: () => void,
): EntryWatch {
  let entries = describeEntries(path);
  const look = () => {
    const before = entries;
    try {
      entries = describeEntries(path);
    } catch {
      clearInterval(timer);
      onError();
      return;
    }
    const names = new Set([...before.keys(), ...entries.keys()]);
    for (const name of names) if (before.get(name) !== entries.get(name)) onChange(name);
  };
  const timer = setInterval(look, pollMs);
  if (!persistent) timer.unref();
  return { close: () => clearInterval(timer) };
}

/** What changes of an entry when it is written to or replaced, by its name. */
function describeEntries(path: string): Map<string, string> {
  return new Map(
    readdirSync(path).map(name => {
      const stat = lstatSync(join(path, name), { throwIfNoEntry: false, bigint: true });
      return [name, `${stat?.ino} ${stat?.size} ${stat?.mtimeNs} ${stat?.ctimeNs}`];
    }),
  );
}
