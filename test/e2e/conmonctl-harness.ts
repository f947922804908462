// What the tests of conmonctl share: calls of it over each runtime and each conmon, in a directory of state of their
// own, and somebody at a terminal.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { hangMs } from '../fixtures/waiting.ts';
import { type Conmon, conmons, hostrun, ociRuntime } from './manager-harness.ts';

/** Some children of a test live as long as it does, which has several waits in it. */
const childHangMs = 10 * hangMs;

export const conmonctl = join(import.meta.dirname, '../../bin/conmonctl');

/** A runtime and a conmon to test over. */
export interface Pairing {
  readonly name: string;
  readonly runtime: string;
  readonly conmon: Conmon;
}

/** hostrun always, a real runtime where one can be used; each under our conmon and under the C conmon. */
export const pairings: readonly Pairing[] = [...new Set([hostrun, ociRuntime])].flatMap(runtime =>
  conmons.map(conmon => ({
    name: `${runtime === hostrun ? 'hostrun' : runtime} under ${conmon.name}`,
    runtime,
    conmon,
  })),
);

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** conmonctl with a directory of state that is gone, with its containers, after the test. */
export class Ctl {
  readonly root: string;
  readonly #globals: readonly string[];

  constructor(t: TestContext, { runtime, conmon }: Pick<Pairing, 'runtime' | 'conmon'>) {
    this.root = mkdtempSync(join(tmpdir(), 'conmonctl-'));
    this.#globals = ['--root', this.root, '--runtime', runtime, '--conmon', conmon.path];
    t.after(async () => {
      const ids = (await this.call(['list', '-q'])).stdout.split('\n').filter(id => id !== '');
      if (ids.length > 0) await this.call(['delete', '--force', ...ids]);
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  /** The words of a whole command line, Node's among them. */
  words([command = '', ...args]: readonly string[]): string[] {
    return [process.execPath, conmonctl, command, ...this.#globals, ...args];
  }

  /** Starts a command; its streams are pipes. */
  start(args: readonly string[], options: CallOptions = {}): ChildProcess {
    const [file = '', ...words] = this.words(args);
    const env = { ...process.env, ...options.env };
    return spawn(file, words, { stdio: ['pipe', 'pipe', 'pipe'], env, timeout: childHangMs });
  }

  /** Runs a command to its end. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Ended> {
    const child = this.start(args, options);
    child.stdin?.on('error', () => {}).end(options.input ?? '');
    return finish(child);
  }

  /** The same for one that has to succeed; returns its output without the last newline. */
  async must(args: readonly string[], options: CallOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.call(args, options);
    assert.equal(status, 0, `conmonctl ${args.join(' ')}: ${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  /** IDs of all containers. */
  async ids(): Promise<string[]> {
    return (await this.must(['list', '-q'])).split('\n').filter(id => id !== '');
  }
}

/** The end of a child process, with what it wrote. */
export async function finish(child: ChildProcess): Promise<Ended> {
  assert.ok(child.stdout && child.stderr);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, stdout, stderr };
}

/** Reads a child's output until it has `words`; what has been read is answered. */
export async function readUntil(stream: NodeJS.ReadableStream, words: string): Promise<string> {
  let read = '';
  return new Promise((resolve, reject) => {
    const limit = setTimeout(
      () => reject(new Error(`waited for ${JSON.stringify(words)} in ${JSON.stringify(read)}`)),
      hangMs,
    );
    const stop = () => {
      clearTimeout(limit);
      stream.off('data', take).off('end', end);
    };
    const take = (chunk: Buffer | string) => {
      read += chunk.toString();
      if (!read.includes(words)) return;
      stop();
      resolve(read);
    };
    const end = () => {
      stop();
      reject(new Error(`an end instead of ${JSON.stringify(words)} after ${JSON.stringify(read)}`));
    };
    stream.on('data', take).on('end', end);
  });
}
