// The runtime's stderr is the container's: until it is known which of them speaks, what comes is held. If the
// runtime fails it is the reason that the caller gets; otherwise it is the container's output.

/** What conmon reads of it for its report (STDIO_BUF_SIZE less its NUL). */
export const runtimeWordsBytesMax = 8191;

export class RuntimeStderr {
  readonly #held: Uint8Array;
  readonly #start: number;
  readonly #release: (buf: Uint8Array, start: number, end: number) => void;
  #end: number;
  #holding = true;

  /** `release` gets `buf[start, end)`, what turns out to be output, with at least `headRoomBytes` before it. */
  constructor(headRoomBytes: number, release: (buf: Uint8Array, start: number, end: number) => void) {
    this.#held = new Uint8Array(headRoomBytes + runtimeWordsBytesMax);
    this.#start = headRoomBytes;
    this.#end = headRoomBytes;
    this.#release = release;
  }

  /** True while it is not known whose words they are. */
  get isHolding(): boolean {
    return this.#holding;
  }

  /** Takes `buf[start, end)`. What no longer fits shows that more is being said than the words of an error: all of
   * it is passed on from then, so that nobody waits for a full pipe. */
  take(buf: Uint8Array, start: number, end: number): void {
    if (!this.#holding) {
      this.#release(buf, start, end);
      return;
    }
    const taken = Math.min(end - start, this.#held.length - this.#end);
    this.#held.set(buf.subarray(start, start + taken), this.#end);
    this.#end += taken;
    if (start + taken === end) return;
    this.settle();
    this.#release(buf, start + taken, end);
  }

  /** It was output. */
  settle(): void {
    if (!this.#holding) return;
    this.#holding = false;
    if (this.#end > this.#start) this.#release(this.#held, this.#start, this.#end);
  }

  /** The first bytes of all that came. */
  get words(): Uint8Array {
    return this.#held.subarray(this.#start, this.#end);
  }
}
