// Being a client of a monitor's attach socket, as a stream.

import { once } from 'node:events';
import { Duplex, Readable } from 'node:stream';
import { call } from '../call.ts';
import { StateError, type SystemError } from '../errors.ts';
import { errorCode } from '../files.ts';
import { type AttachReport, attachError } from '../kernel/attach-report.ts';
import { kernel } from '../kernel/choose.ts';
import type { AttachSocket, Kernel } from '../kernel/kernel.ts';
import { within } from '../limits.ts';
import type { CallOptions } from '../types.ts';
import { resizeTerminal, type TerminalSize } from './control.ts';
import { DetachMatcher, parseDetachKeys } from './detach-keys.ts';

/** What {@link Runtime.attach} can be told. */
export interface AttachOptions extends CallOptions {
  /** Keys that end the attachment, for example `'ctrl-p,ctrl-q'`; default none. */
  readonly detachKeys?: string;
  /** True for standard error as a stream of its own, {@link Attachment.stderr}; both have then to be read. */
  readonly apart?: boolean;
}

/** A packet's first byte for standard error (docs/behaviour/attach.md, A7). */
const stderrStream = 3;

/** What connecting to a socket says whose owner has ended. */
const nobodyThere: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/** Connects to the attach socket in `directory`. Rejects with {@link AddonError} without the addon. */
export async function openAttachment(directory: string, options: AttachOptions): Promise<Attachment> {
  const attachment = new Attachment(await kernel(), directory, options);
  try {
    await within(attachment.connected, options, 'attaching');
  } catch (error) {
    attachment.destroy();
    throw error;
  }
  return attachment;
}

/** A client of a container: what is written is its standard input, what is read its output, in bytes. It ends when
 * the container has. A reader that does not read makes the monitor, and in the end the container, wait. Destroying
 * it detaches; a monitor with `stdin` and without `leaveStdinOpen` then closes the container's standard input. */
export class Attachment extends Duplex {
  /** Standard error, where {@link AttachOptions.apart} was set. */
  readonly stderr: Readable | undefined;
  /** Settles once, with how it came to its end: `ended` with the container, or `detached`. */
  readonly outcome: Promise<'ended' | 'detached'>;
  /** Resolves when the monitor has been reached. */
  readonly connected: Promise<void>;
  readonly #directory: string;
  readonly #socket: AttachSocket;
  readonly #matcher: DetachMatcher;
  readonly #connected = Promise.withResolvers<void>();
  readonly #outcome = Promise.withResolvers<'ended' | 'detached'>();
  readonly #waiting = new Map<Readable, Uint8Array[]>();
  readonly #sent: (() => void)[] = [];
  #reached = false;
  #over = false;

  /** @internal */
  constructor(kernel: Kernel, directory: string, options: AttachOptions) {
    super({ allowHalfOpen: false });
    this.#directory = directory;
    this.#matcher = new DetachMatcher(parseDetachKeys(options.detachKeys ?? ''));
    this.#waiting.set(this, []);
    if (options.apart) {
      const stderr = new Readable({
        read: () => this.#pass(stderr),
        destroy: (error, done) => {
          this.#pass(stderr); // to nobody, so that what comes after it is not held up
          done(error);
        },
      });
      stderr.on('error', () => {}); // the same error as the attachment's own
      this.#waiting.set(stderr, []);
      this.stderr = stderr;
    }
    this.connected = this.#connected.promise;
    this.outcome = this.#outcome.promise;
    this.connected.catch(() => {});
    this.#socket = kernel.connect(directory, report => this.#take(report));
  }

  /** Resizes the container's terminal. */
  async resize(size: TerminalSize, options: CallOptions = {}): Promise<void> {
    await call(options, () => resizeTerminal(this.#directory, size, options));
  }

  /** Leaves; the container goes on. */
  detach(): void {
    this.#finish('detached');
  }

  /** Leaves, and waits until all of it is closed; the container goes on. May be called again. */
  async close(): Promise<void> {
    this.detach();
    this.destroy();
    this.stderr?.destroy();
    if (!this.closed) await once(this, 'close');
  }

  /** As {@link Attachment.close}. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  override _read(): void {
    this.#pass(this);
  }

  /** @internal */
  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const { pass, detached } = this.#matcher.feed(chunk);
    this.#send(pass, () => {
      if (detached) this.detach();
      done();
    });
  }

  /** @internal */
  override _final(done: (error?: Error | null) => void): void {
    this.#send(this.#matcher.rest(), () => {
      if (!this.#over) this.#socket.finish();
      done();
    });
  }

  /** @internal */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#finish('detached');
    // Leaving an iteration early is leaving, not an error.
    const failure = error && errorCode(error) === 'ABORT_ERR' ? null : error;
    if (failure) this.stderr?.destroy(failure);
    done(failure);
  }

  #send(bytes: Uint8Array, done: () => void): void {
    if (this.#over || bytes.length === 0) {
      done();
      return;
    }
    this.#sent.push(done);
    this.#socket.send(bytes);
  }

  #take(report: AttachReport): void {
    switch (report.report) {
      case 'connected':
        this.#reached = true;
        this.#connected.resolve();
        break;
      case 'packet':
        this.#keep(report.stream === stderrStream ? (this.stderr ?? this) : this, report.bytes);
        break;
      case 'sent':
        this.#sent.shift()?.();
        break;
      case 'end':
        this.#finish('ended');
        break;
      case 'failed':
        this.#fail(attachError(report));
    }
  }

  #fail(error: SystemError): void {
    const nobody = nobodyThere.has(error.errno);
    this.#connected.reject(
      nobody ? new StateError('there is no monitor to attach to', { cause: error }) : error,
    );
    this.destroy(this.#reached ? error : undefined);
  }

  #keep(stream: Readable, bytes: Uint8Array): void {
    this.#waiting.get(stream)?.push(bytes);
    if (stream.destroyed || stream.readableLength < stream.readableHighWaterMark) this.#pass(stream);
  }

  /** Passes on what waits, as far as there is room, and gives that room back to the monitor. */
  #pass(stream: Readable): void {
    const waiting = this.#waiting.get(stream) ?? [];
    for (let next = waiting.shift(); next !== undefined; ) {
      if (!this.#over) this.#socket.allow(next.length);
      const wantsMore = stream.destroyed || stream.push(next);
      next = wantsMore ? waiting.shift() : undefined;
    }
    if (this.#over && waiting.length === 0 && !stream.readableEnded) stream.push(null);
  }

  #finish(outcome: 'ended' | 'detached'): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.close();
    this.#connected.resolve();
    this.#outcome.resolve(outcome);
    for (const done of this.#sent.splice(0)) done();
    for (const stream of this.#waiting.keys()) if (!stream.destroyed) this.#pass(stream);
  }
}
