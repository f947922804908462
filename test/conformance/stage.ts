// Where a scenario plays, once with each conmon: a folder of its own, containers under that conmon, and a note of all
// that is seen. Both get the same folder's length, environment and command lines.

import { closeSync, mkdirSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { O_CLOEXEC, O_NONBLOCK, O_WRONLY, SIGKILL, WNOHANG } from '../../src/sys/constants.ts';
import { EAGAIN, ENXIO } from '../../src/sys/errno.ts';
import { sys } from '../../src/sys/real.ts';
import { listChildren } from '../fixtures/monitored.ts';
import { holdsText, must, until, waitForEnd, waitUntil } from '../fixtures/waiting.ts';
import type { Observations } from './compare.ts';
import type { Conmon } from './conmons.ts';
import { openRun, type Run, type RunOptions } from './run.ts';
import { viewFile, viewLog, viewTree } from './views.ts';

export class Stage {
  readonly conmon: Conmon;
  /** Without the scenario's own needs (a folder for the bundle, for exit files, …) it is empty. */
  readonly dir: string;
  readonly #seen = new Map<string, string>();
  readonly #runs: Run[] = [];
  readonly #closers: (() => void)[] = [];
  readonly #masks = new Map<string, string>();
  readonly #childrenBefore = new Set(listChildren().map(([pid]) => pid));

  constructor(conmon: Conmon) {
    this.conmon = conmon;
    this.dir = mkdtempSync(join(tmpdir(), 'conformance-'));
    for (const name of ['bundle', 'exits', 'persist', 'sockets', 'tmp']) mkdirSync(this.at(name));
  }

  /** A path in the folder. */
  at(...names: string[]): string {
    return join(this.dir, ...names);
  }

  /** Starts the conmon; see {@link Run}. */
  start(options: RunOptions = {}): Run {
    const run = openRun(this, options);
    this.#runs.push(run);
    return run;
  }

  /** One container from its start to its end, with all that is seen of it. */
  play(options: RunOptions = {}): void {
    this.start(options).end();
  }

  /**
   * One container whose script goes on with its next part when `isSeen` says that what the one before it printed was
   * seen; `printed` is the number of parts that were.
   */
  async playParts(
    parts: readonly string[],
    isSeen: (printed: number) => boolean | Promise<boolean>,
    options: RunOptions = {},
  ): Promise<void> {
    if (parts.length > 1) this.makeGate('gate');
    const run = this.start({ ...options, container: parts.join('; read x <"$DIR/gate"; ') });
    run.launched();
    for (let printed = 1; printed < parts.length; printed++) {
      await until(`part ${printed} of the output`, () => isSeen(printed));
      this.openGate('gate');
    }
    run.end();
  }

  /** The same, with what each part prints: the next one comes when the log has that. */
  async playLoggedParts(
    parts: readonly (readonly [script: string, text: string])[],
    options: RunOptions = {},
  ) {
    const scripts = parts.map(([script]) => script);
    await this.playParts(scripts, printed => holdsText(this.at('LOG'), parts[printed - 1]![1]), options);
  }

  /** The folder's path, which differs between the two, is shown as DIR. */
  note(what: string, text: string): void {
    let masked = text;
    for (const [from, to] of [[this.dir, 'DIR'] as const, ...this.#masks])
      masked = masked.replaceAll(from, to).replaceAll(from.replaceAll('/', '\\/'), to);
    this.#seen.set(what, masked);
  }

  /** What differs between the two for a reason of the scenario's is shown as `to`. */
  mask(from: string, to: string): void {
    this.#masks.set(from, to);
  }

  noteFile(name: string): void {
    this.note(name, viewFile(this.at(name)));
  }

  noteLog(name = 'LOG'): void {
    this.note(name, viewLog(this.at(name)));
  }

  /** Types, modes and names of what is in the folder, or below it. */
  tree(below = ''): string {
    return viewTree(this.dir, below).join('\n');
  }

  get observations(): Observations {
    return this.#seen;
  }

  write(name: string, text: string, mode = 0o644): string {
    writeFileSync(this.at(name), text, { mode });
    return this.at(name);
  }

  /** A fifo for a container, or a runtime, that waits until the scenario opens it. */
  makeGate(name: string): string {
    must(sys.mkfifo(this.at(name), 0o600), 'mkfifo');
    return this.at(name);
  }

  /** Waits until somebody waits at the gate, and lets it go on. */
  openGate(name: string): void {
    let fd = -ENXIO;
    waitUntil(() => {
      fd = sys.open(this.at(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
      return fd !== -ENXIO;
    }, `a reader of ${name}`);
    writeSync(must(fd, `opening ${name}`), 'go\n');
    closeSync(fd);
  }

  /** For the ctl or winsz fifo of the bundle. A fifo that nobody reads any more takes it, or not. */
  command(fifo: 'ctl' | 'winsz', text: string): void {
    const fd = must(
      sys.open(this.at('bundle', fifo), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0),
      `opening ${fifo}`,
    );
    const written = sys.write(fd, Buffer.from(text), 0, text.length);
    closeSync(fd);
    if (written !== -EAGAIN) must(written, `writing to ${fifo}`);
  }

  /** The children that there are now are not ended with the stage. */
  spareChildren(): void {
    for (const [pid] of listChildren()) this.#childrenBefore.add(pid);
  }

  /** Is called when all is over. */
  onClose(close: () => void): void {
    this.#closers.push(close);
  }

  /** What is in the folder when all is over is seen too; then everything that still runs is ended. */
  close(): void {
    this.note('files left', this.tree());
    for (const run of this.#runs) run.close();
    this.#endChildren();
    for (const close of this.#closers.reverse()) close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Also what a container's end has left to us. */
  #endChildren(): void {
    const status = new Int32Array(1);
    const ours = () => listChildren().filter(([pid]) => !this.#childrenBefore.has(pid));
    for (let children = ours(); children.length > 0; children = ours())
      for (const [pid] of children) {
        if (sys.waitpid(pid, status, WNOHANG) === pid) continue;
        sys.kill(pid, SIGKILL);
        waitForEnd(pid);
        sys.waitpid(pid, status, 0);
      }
  }
}
