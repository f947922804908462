// Noticing that something in the directory of state has changed, and which container that may be about.

import { existsSync } from 'node:fs';
import { type EntryWatch, watchEntries } from '../directory-watch.ts';
import { isMissing, listNames } from '../files.ts';
import { type Layout, layOutContainer, parseIncarnation } from '../state/layout.ts';

/** Gets the name that an incarnation has in the file system, or `undefined` where it may be about any. */
type OnChange = (name: string | undefined) => void;

/** Watches a directory of state. Does not keep the process alive. */
export class StateWatch {
  readonly #layout: Layout;
  readonly #onChange: OnChange;
  readonly #watches = new Map<string, EntryWatch>();

  /** Throws where the directory of state can't be watched. */
  constructor(layout: Layout, onChange: OnChange) {
    this.#layout = layout;
    this.#onChange = onChange;
    this.#watch(layout.root, () => this.#watchAll());
    this.#watchAll();
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #watchAll(): void {
    const { codes, incarnations } = this.#layout;
    const isNew = [
      this.#watch(codes, name => this.#onChange(name?.replace(/\.json$/, ''))),
      this.#watch(incarnations, name => this.#notice(name)),
    ];
    if (!isNew.includes(true)) return;
    // What came before the watch.
    for (const name of listNames(incarnations)) this.#follow(name);
    this.#onChange(undefined);
  }

  #notice(name: string | undefined): void {
    for (const one of name === undefined ? listNames(this.#layout.incarnations) : [name]) this.#follow(one);
    this.#onChange(name);
  }

  /** Watches the directories of one container, or no longer, where they are gone. */
  #follow(name: string): void {
    const parts = parseIncarnation(name);
    if (parts === undefined) return;
    const { dir, phase, exitDir, persistDir } = layOutContainer(this.#layout, parts.id, parts.incarnation);
    const isThere = existsSync(dir);
    for (const path of [dir, phase, exitDir, persistDir]) {
      if (isThere) this.#watch(path, () => this.#onChange(name));
      else this.#drop(path);
    }
  }

  /** True where it was not watched before, and is there. */
  #watch(path: string, onEntry: OnChange): boolean {
    if (this.#watches.has(path)) return false;
    const onChange = (name: string | null) => onEntry(name ?? undefined);
    try {
      this.#watches.set(
        path,
        watchEntries(path, false, onChange, () => this.#drop(path)),
      );
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #drop(path: string): void {
    this.#watches.get(path)?.close();
    this.#watches.delete(path);
  }
}
