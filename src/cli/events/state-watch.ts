// Noticing that something in the directory of state has changed, and which container that may be about. What it
// means is asked of the library: only the names of entries are read here.

import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type EntryWatch, watchEntries } from '../../manager/directory-watch.ts';

/** Directories of state hold directories, which hold one entry a container: deeper things are nobody's business. */
const depthMax = 2;

/** Not about changes of a container: the OCI runtime's own files, and bundles. */
const unwatched = new Set(['runtime', 'bundles']);

/** Watches a directory of state. `onChange` gets what may be the ID of a container, as often as something changes. */
export class StateWatch {
  readonly #onChange: (id: string) => void;
  readonly #watchers = new Map<string, EntryWatch>();

  constructor(root: string, onChange: (id: string) => void) {
    this.#onChange = onChange;
    this.#add(root, 0);
  }

  #add(path: string, depth: number): void {
    if (this.#watchers.has(path) || depth > depthMax) return;
    try {
      const onChange = (name: string | null) => this.#notice(path, depth, name);
      this.#watchers.set(
        path,
        watchEntries(path, true, onChange, () => this.#drop(path)),
      );
      // What came before the watch is looked at now.
      for (const name of readdirSync(path)) this.#notice(path, depth, name);
    } catch (error) {
      this.#drop(path);
      if (depth === 0) throw error; // others come and go
    }
  }

  #notice(directory: string, depth: number, name: string | null): void {
    if (name === null || name.startsWith('.')) return;
    if (depth === 0 && unwatched.has(name)) return;
    const path = join(directory, name);
    const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
    if (isDirectory) this.#add(path, depth + 1);
    else this.#drop(path);
    if (depth === 1) this.#onChange(name.replace(/\.json$/, ''));
    if (depth === 2) this.#onChange(basename(directory));
  }

  #drop(path: string): void {
    this.#watchers.get(path)?.close();
    this.#watchers.delete(path);
  }
}
