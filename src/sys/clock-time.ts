/** A time as clock_gettime(2) gives it: {@link Sys.clockGettime} fills in seconds and nanoseconds. */
export class ClockTime extends Float64Array {
  constructor() {
    super(2);
  }

  get seconds(): number {
    return this[0]!;
  }

  /** 0 to 999,999,999, past the second. */
  get nanoseconds(): number {
    return this[1]!;
  }

  /** All of it in milliseconds. */
  get ms(): number {
    return this[0]! * 1000 + this[1]! / 1e6;
  }
}
