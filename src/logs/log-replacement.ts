// A new log file in the place of the one that is full or was asked to be reopened. It is done in steps; one that
// fails is tried again later, with all before it done. Meanwhile records go on into the file that is open.

import {
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  S_IFLNK,
} from '../sys/constants.ts';
import { ENOENT, errorWords } from '../sys/errno.ts';
import { FileStat } from '../sys/file-stat.ts';
import type { Sys } from '../sys/sys.ts';
import { logFileMode, type Warn } from './driver.ts';
import { isWithin, whyDirectoryIsUnsafe } from './log-directory.ts';
import type { LogFile } from './log-file.ts';

/** What becomes of the old file's content: gone, or LOG.1 and so on up to LOG.N. */
export interface Keeping {
  /** 0 for gone. */
  readonly backups: number;
  /** Directories in one of which the log has to be to be kept; none for anywhere. */
  readonly allowlist: readonly string[];
}

/** Open the directory, check what is in it, create the new file beside the log, shift LOG.1 to LOG.2 and so on, the last
 * one first, keep the log as LOG.1, place the new file, switch to it. */
type Step = 'open' | 'check' | 'create' | 'shift' | 'keep' | 'place' | 'switch';

const keepingSteps: readonly Step[] = ['open', 'check', 'create', 'shift', 'keep', 'place', 'switch'];
/** Where nothing is kept the log is not looked at: the new file takes its place, whatever it is. */
const replacingSteps: readonly Step[] = ['open', 'create', 'place', 'switch'];

export class LogReplacement {
  readonly #sys: Sys;
  readonly #path: string;
  readonly #directory: string;
  readonly #name: string;
  readonly #temporary: string;
  readonly #file: LogFile;
  readonly #keeping: Keeping;
  readonly #warn: Warn;
  readonly #steps: readonly Step[];
  #next = 0;
  #failing = false;
  #directoryFd = -1;
  #newFd = -1;
  #logIsThere = false;
  /** How many old files are still to be shifted. */
  #shifts = 0;

  constructor(sys: Sys, path: string, file: LogFile, keeping: Keeping, warn: Warn) {
    this.#sys = sys;
    this.#path = path;
    this.#directory = directoryOf(path);
    this.#name = path.slice(path.lastIndexOf('/') + 1);
    this.#temporary = `${this.#name}.${keeping.backups > 0 ? 'new' : 'tmp'}`;
    this.#file = file;
    this.#keeping = keeping;
    this.#warn = warn;
    this.#steps = keeping.backups > 0 ? keepingSteps : replacingSteps;
  }

  /** True when a step has failed and is to be tried again. */
  get isPending(): boolean {
    return this.#failing;
  }

  /** Begins, or goes on where it failed. Returns whether all of it is done; warns once until it is. */
  run(): boolean {
    for (; this.#next < this.#steps.length; this.#next++) {
      const why = this.#perform(this.#steps[this.#next]!);
      if (why === undefined) continue;
      if (!this.#failing) this.#warn(`Failed to replace log file ${this.#path}: ${why}`);
      this.#failing = true;
      return false;
    }
    this.#failing = false;
    this.#startOver();
    return true;
  }

  /** A last try; then nothing is left behind of it. */
  close(): void {
    if (!this.#failing || this.run()) return;
    if (this.#newFd >= 0) this.#sys.unlinkat(this.#directoryFd, this.#temporary, 0);
    this.#startOver();
  }

  /** Returns why it failed. */
  #perform(step: Step): string | undefined {
    switch (step) {
      case 'open':
        return this.#openDirectory();
      case 'check':
        return this.#orStartOver(this.#check());
      case 'create':
        return this.#orStartOver(this.#create());
      case 'shift':
        return this.#shift();
      case 'keep':
        return this.#keep();
      case 'place':
        return this.#place();
      case 'switch':
        this.#file.replace(this.#newFd);
        this.#newFd = -1;
        return undefined;
    }
  }

  #openDirectory(): string | undefined {
    const fd = this.#sys.open(this.#directory, O_PATH | O_CLOEXEC, 0);
    if (fd < 0) return errorWords(fd);
    this.#directoryFd = fd;
    return undefined;
  }

  // Rotation moves files about, often as root in somebody's directory; these checks are conmon's, and stricter.
  #check(): string | undefined {
    if (this.#path.includes('../') || this.#path.includes('/..')) return 'its path has .. in it';
    const log = new FileStat();
    const answer = this.#sys.lstatat(this.#directoryFd, this.#name, log);
    if (answer < 0 && answer !== -ENOENT) return errorWords(answer);
    this.#logIsThere = answer === 0;
    if (this.#logIsThere && log.type === S_IFLNK) return 'it is a symbolic link';
    if (this.#logIsThere && !this.#isOurs(log)) return 'another file has taken its place';
    const { allowlist } = this.#keeping;
    if (allowlist.length > 0 && !isWithin(this.#sys, this.#directoryFd, allowlist))
      return 'it is outside of the directories of --log-allowlist-dir';
    return this.#countShifts();
  }

  /** Old files are shifted as far as they follow on one another: the first place that is free takes the last of them. So
   * no more is done than there are files, however many may be kept. */
  #countShifts(): string | undefined {
    const old = new FileStat();
    for (this.#shifts = 0; this.#shifts < this.#keeping.backups - 1; this.#shifts++) {
      const answer = this.#sys.lstatat(this.#directoryFd, `${this.#name}.${this.#shifts + 1}`, old);
      if (answer === -ENOENT) break;
      if (answer < 0) return errorWords(answer);
    }
    return undefined;
  }

  #isOurs(log: FileStat): boolean {
    const open = new FileStat();
    return this.#sys.fstat(this.#file.fd, open) === 0 && open.isSameFile(log);
  }

  #create(): string | undefined {
    // One that was left by a monitor that was killed; if it is something else, the next call says so.
    this.#sys.unlinkat(this.#directoryFd, this.#temporary, 0);
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const fd = this.#sys.openat(this.#directoryFd, this.#temporary, flags, logFileMode);
    if (fd < 0) return errorWords(fd);
    this.#newFd = fd;
    if (this.#keeping.backups === 0) return undefined;
    const created = new FileStat();
    const answer = this.#sys.fstat(fd, created);
    const why =
      answer < 0
        ? errorWords(answer)
        : whyDirectoryIsUnsafe(this.#sys, this.#directoryFd, created.uid, this.#logIsThere);
    if (why !== undefined) this.#sys.unlinkat(this.#directoryFd, this.#temporary, 0);
    return why;
  }

  #shift(): string | undefined {
    for (; this.#shifts > 0; this.#shifts--) {
      const why = this.#move(`${this.#name}.${this.#shifts}`, `${this.#name}.${this.#shifts + 1}`);
      if (why !== undefined) return why;
    }
    return undefined;
  }

  #keep(): string | undefined {
    return this.#logIsThere ? this.#move(this.#name, `${this.#name}.1`) : undefined;
  }

  #place(): string | undefined {
    const answer = this.#rename(this.#temporary, this.#name);
    if (answer === 0) return undefined;
    if (answer === -ENOENT)
      this.#startOver(); // somebody removed it, or the directory
    else if (this.#steps.includes('keep') && this.#logIsThere) this.#putBack();
    return errorWords(answer);
  }

  // Readers look for the log under its name: better the old one than none until the next try.
  #putBack(): void {
    if (this.#rename(`${this.#name}.1`, this.#name) === 0) this.#next = this.#steps.indexOf('keep');
  }

  /** A rename where it is no failure that there is nothing to rename. */
  #move(from: string, to: string): string | undefined {
    if (!this.#logIsThere) return undefined;
    const answer = this.#rename(from, to);
    return answer === 0 || answer === -ENOENT ? undefined : errorWords(answer);
  }

  #rename(from: string, to: string): number {
    return this.#sys.renameat(this.#directoryFd, from, this.#directoryFd, to);
  }

  // Until something has been moved, what was found may change before the next try.
  #orStartOver(why: string | undefined): string | undefined {
    if (why !== undefined) this.#startOver();
    return why;
  }

  #startOver(): void {
    if (this.#newFd >= 0) this.#sys.close(this.#newFd);
    if (this.#directoryFd >= 0) this.#sys.close(this.#directoryFd);
    this.#newFd = -1;
    this.#directoryFd = -1;
    this.#next = 0;
  }
}

export function directoryOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash) || '/';
}
