// The files in which the kernel counts OOMs: memory.events of version 2, memory.oom_control of version 1.

import { ENODEV, ENOENT, errorWords } from '../sys/errno.ts';
import { readFile } from '../sys/files.ts';
import type { Sys } from '../sys/sys.ts';
import type { OomNotes } from './cgroup-watch.ts';
import { hasNewOom, noOoms, type OomCounters, parseOomCounters } from './oom-counters.ts';

const fileBytesMax = 4096; // half a dozen short lines

export class CounterFile {
  readonly #sys: Sys;
  readonly #path: string;
  readonly #onOom: () => void;
  readonly #notes: OomNotes;
  #known: OomCounters = noOoms;

  /** `joined`: what it says at first was before our time. */
  constructor(sys: Sys, path: string, joined: boolean, onOom: () => void, notes: OomNotes) {
    this.#sys = sys;
    this.#path = path;
    this.#onOom = onOom;
    this.#notes = notes;
    if (joined) this.#known = this.#read() ?? noOoms;
  }

  /** Says `onOom` when a counter has changed. Returns whether it could be read. */
  check(): boolean {
    const now = this.#read();
    if (!now) return false;
    if (hasNewOom(this.#known, now)) this.#onOom();
    this.#known = now;
    return true;
  }

  #read(): OomCounters | undefined {
    const content = readFile(this.#sys, this.#path, fileBytesMax);
    if (typeof content !== 'number') return parseOomCounters(content);
    if (content === -ENOENT || content === -ENODEV)
      this.#notes.debug('Cgroup appears to have been removed, stopping OOM monitoring');
    else this.#notes.warn(`Failed to open cgroups file: ${this.#path}: ${errorWords(content)}`);
    return undefined;
  }
}
