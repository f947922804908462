// The runtime's stderr is the container's: until it is known which of them speaks, what comes is held. If the
// runtime fails it is the reason that the caller gets; otherwise it is the container's output.

import type { StreamName } from '../stream-name.ts';
import type { OutputSinks } from './relay.ts';

/** What conmon reads of it for its report (STDIO_BUF_SIZE less its NUL). */
export const runtimeWordsBytesMax = 8191;

/** Sinks that hold what comes, and pass it on to others once it is known to be output. */
export class RuntimeStderr implements OutputSinks {
  readonly #sinks: OutputSinks;
  readonly #held: Uint8Array;
  readonly #start: number;
  #end: number;
  #isHolding = true;
  /** What came last while it was held, after all that was written. */
  #then: 'nothing' | 'pause' | 'end' = 'nothing';

  /** The first write to `sinks` has `headRoomBytes` before it, as each has. */
  constructor(headRoomBytes: number, sinks: OutputSinks) {
    this.#sinks = sinks;
    this.#held = new Uint8Array(headRoomBytes + runtimeWordsBytesMax);
    this.#start = headRoomBytes;
    this.#end = headRoomBytes;
  }

  /** What no longer fits shows that more is being said than the words of an error: all of it is passed on from then, so
   * that nobody waits for a full pipe. */
  write(stream: StreamName, buf: Uint8Array, start: number, end: number): void {
    if (!this.#isHolding) {
      this.#sinks.write(stream, buf, start, end);
      return;
    }
    const taken = Math.min(end - start, this.#held.length - this.#end);
    this.#held.set(buf.subarray(start, start + taken), this.#end);
    this.#end += taken;
    this.#then = 'nothing';
    if (start + taken === end) return;
    this.release();
    this.#sinks.write(stream, buf, start + taken, end);
  }

  pause(stream: StreamName): void {
    if (this.#isHolding) this.#then = 'pause';
    else this.#sinks.pause(stream);
  }

  end(stream: StreamName): void {
    if (this.#isHolding) this.#then = 'end';
    else this.#sinks.end(stream);
  }

  hasRoom(): boolean {
    return this.#sinks.hasRoom();
  }

  /** To be called when it is known that the container speaks: passes on what is held, and what came after it. */
  release(): void {
    if (!this.#isHolding) return;
    this.#isHolding = false;
    if (this.#end > this.#start) this.#sinks.write('stderr', this.#held, this.#start, this.#end);
    if (this.#then === 'pause') this.#sinks.pause('stderr');
    if (this.#then === 'end') this.#sinks.end('stderr');
  }

  /** The first bytes of all that came. */
  get words(): Uint8Array {
    return this.#held.subarray(this.#start, this.#end);
  }
}
