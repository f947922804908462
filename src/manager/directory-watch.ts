// One watch on a directory, for any number of waiters.

import { lstatSync, readdirSync, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';

/** Called when the entry of that name may have appeared, changed or gone; the one called looks. */
export type EntryListener = () => void;

/** Watches whatever directory is at a path while anybody listens: one that is not there yet too, and one that takes the
 * place of another. Unless `persistent`, that does not keep the process alive. */
export class DirectoryWatch {
  readonly #path: string;
  readonly #persistent: boolean;
  readonly #listeners = new Map<string, Set<EntryListener>>();
  #watcher: EntryWatch | undefined;

  constructor(path: string, options: { readonly persistent?: boolean } = {}) {
    this.#path = path;
    this.#persistent = options.persistent ?? false;
  }

  /** Calls `listener`, which must not throw, on every event for the entry `name`. Whoever listens looks once more after
   * this returns: events before it are nobody's. Returns what ends it. */
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
    const onGone = () => {
      this.#stop();
      // Whoever listens may learn that there is nothing to wait for; else the one that takes its place is watched.
      this.#tell(null);
      if (this.#listeners.size > 0) this.#start();
    };
    try {
      this.#watcher = watchEntries(this.#path, this.#persistent, name => this.#tell(name), onGone);
    } catch {
      this.#watcher = awaitDirectory(this.#path, this.#persistent, onGone);
    }
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
 * `onGone` when the directory is gone, or another one is at its path; that ends it. Throws Node's error where there is no
 * directory that can be looked at. Where the kernel has no inotify instance or watch for this user (fs.inotify in sysctl(8)), no fd, or fails
 * later, the directory is looked at every half a second.
 */
export function watchEntries(
  path: string,
  persistent: boolean,
  onChange: (name: string | null) => void,
  onGone: () => void,
): EntryWatch {
  const directory = requireDirectory(path);
  let current: EntryWatch;
  const poll = () => {
    current = pollEntries(path, directory, persistent, onChange, onGone);
  };
  try {
    const watcher = watch(path, { persistent });
    current = watcher;
    watcher.on('change', (_event, name) => {
      // What happens to the directory itself comes by its own name.
      if (String(name) === basename(path) && identifyDirectory(path) !== directory) {
        watcher.close();
        onGone();
      } else onChange(name === null ? null : String(name));
    });
    watcher.on('error', () => {
      watcher.close();
      poll();
      onChange(null); // what happened meanwhile was told by nobody
    });
    // It may have been replaced before it was watched: the one that was looked at is then watched by looking.
    if (identifyDirectory(path) === directory) return { close: () => current.close() };
    watcher.close();
  } catch {} // refused, or gone meanwhile: looking tells
  poll();
  return { close: () => current.close() };
}

const pollMs = 500;

function pollEntries(
  path: string,
  directory: string,
  persistent: boolean,
  onChange: (name: string | null) => void,
  onGone: () => void,
): EntryWatch {
  let entries = describeEntries(path);
  return repeat(persistent, stop => {
    if (identifyDirectory(path) !== directory) {
      stop();
      onGone();
      return;
    }
    const before = entries;
    entries = describeEntries(path);
    if (before === undefined || entries === undefined) return onChange(null);
    const names = new Set([...before.keys(), ...entries.keys()]);
    for (const name of names) if (before.get(name) !== entries.get(name)) onChange(name);
  });
}

/** Waits for a directory at `path`. */
function awaitDirectory(path: string, persistent: boolean, onThere: () => void): EntryWatch {
  return repeat(persistent, stop => {
    if (identifyDirectory(path) === undefined) return;
    stop();
    onThere();
  });
}

function repeat(persistent: boolean, look: (stop: () => void) => void): EntryWatch {
  const close = () => clearInterval(timer);
  const timer = setInterval(() => look(close), pollMs);
  if (!persistent) timer.unref();
  return { close };
}

/** What changes of an entry when it is written to or replaced, by its name; `undefined` where it can't be learnt now. */
function describeEntries(path: string): Map<string, string> | undefined {
  try {
    return new Map(
      readdirSync(path).map(name => {
        const stat = lstatSync(join(path, name), { throwIfNoEntry: false, bigint: true });
        return [name, `${stat?.ino} ${stat?.size} ${stat?.mtimeNs} ${stat?.ctimeNs}`];
      }),
    );
  } catch {
    return undefined;
  }
}

/** Which directory is at the path; `undefined` where there is none that can be looked at. */
function identifyDirectory(path: string): string | undefined {
  try {
    return requireDirectory(path);
  } catch {
    return undefined;
  }
}

/** The number of an inode may be another directory's later, so its birth is part of it. */
function requireDirectory(path: string): string {
  const { dev, ino, birthtimeNs } = statSync(join(path, '.'), { bigint: true });
  return `${dev} ${ino} ${birthtimeNs}`;
}
