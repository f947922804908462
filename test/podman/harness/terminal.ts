// podman at a real terminal, as somebody who types sees it.

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type IPty, spawn } from 'node-pty';
import { until } from '../../fixtures/waiting.ts';
import { podmanPath } from './machine.ts';
import type { PodmanHome } from './podman-home.ts';

const answerTimeoutMs = 20_000;
const keyPauseMs = 60;

export class Terminal {
  /** Everything shown so far. */
  screen = '';
  readonly exitCode: Promise<number>;
  readonly #pty: IPty;
  readonly #lookers = new Set<() => void>();
  #read = 0;

  /** Starts podman at a terminal of `rows` by `cols`. */
  constructor(podman: PodmanHome, args: readonly string[], { rows = 24, cols = 80 } = {}) {
    this.#pty = spawn(podmanPath!, [...args], {
      rows,
      cols,
      cwd: podman.directory,
      env: { ...podman.env, TERM: 'xterm' },
    });
    this.#pty.onData(text => {
      this.screen += text;
      for (const look of this.#lookers) look();
    });
    this.exitCode = new Promise(resolve => {
      this.#pty.onExit(({ exitCode }) => resolve(exitCode));
    });
  }

  type(text: string): void {
    this.#pty.write(text);
  }

  /**
   * Types the detach keys, and returns podman's exit code. Podman 4.3 knows them only when each comes in a read of its
   * own, so they are typed as slowly as by hand, and once more if they did not take.
   */
  async detach(keys: string): Promise<number> {
    let exitCode: number | undefined;
    void this.exitCode.then(code => {
      exitCode = code;
    });
    return until('podman to let go of the terminal', async () => {
      for (const key of keys) {
        if (exitCode !== undefined) return exitCode;
        this.type(key);
        await delay(keyPauseMs);
      }
      return exitCode;
    });
  }

  resize(rows: number, cols: number): void {
    this.#pty.resize(cols, rows);
  }

  /** Waits until the screen shows `pattern` after what was waited for before; returns the match. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.screen.slice(this.#read));
      if (match === null) return;
      this.#read += match.index + match[0].length;
      resolve(match);
    };
    const timer = setTimeout(
      () =>
        reject(
          new assert.AssertionError({
            message: `no ${pattern} on the screen: ${JSON.stringify(this.screen)}`,
          }),
        ),
      answerTimeoutMs,
    );
    this.#lookers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#lookers.delete(look);
    });
  }

  /** Ends podman, if it has not ended. */
  close(): void {
    this.#pty.kill('SIGKILL');
  }
}
