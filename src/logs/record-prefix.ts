// What stands in front of a k8s-file record's text: `2026-01-02T03:04:05.123456789+01:00 stdout F `.

import type { StreamName } from '../stream-name.ts';
import { ClockTime } from '../sys/clock-time.ts';
import { CLOCK_REALTIME } from '../sys/constants.ts';
import type { Sys } from '../sys/sys.ts';

/** Its length, in bytes, for either stream. */
export const prefixBytes = 45;
/** Where in it the tag stands: F for the end of a line, P for a part of one. */
export const tagAt = 43;

const template = '0000-00-00T00:00:00.000000000+00:00 stdxxx F ';
const streamAt = 36;
const nanosecondsAt = 20;
const secondsPerMinute = 60;

/** The prefix at the time of the last {@link RecordPrefix.stamp}. */
export class RecordPrefix {
  readonly bytes = new Uint8Array(prefixBytes);
  readonly #sys: Sys;
  readonly #clock = new ClockTime();
  readonly #local = Int32Array.of(1970, 1, 1, 0, 0, 0, 0); // where there is no local time
  #minute = Number.NaN;
  #startsAtZero = false;
  #stream: StreamName | undefined;

  constructor(sys: Sys) {
    this.#sys = sys;
    this.#write(0, template);
  }

  /** The second of the last stamp, by the system's clock. */
  get second(): number {
    return this.#clock.seconds;
  }

  /** Reads the clock. Local time is asked for once a minute, as no zone's offset changes within one. */
  stamp(stream: StreamName): void {
    this.#sys.clockGettime(CLOCK_REALTIME, this.#clock);
    const { seconds, nanoseconds } = this.#clock;
    const minute = Math.floor(seconds / secondsPerMinute);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#localTime(minute * secondsPerMinute);
      this.#startsAtZero = this.#local[5] === 0;
    }
    // Where an offset has seconds in it, as zones had before 1972, a local minute begins at another time.
    if (this.#startsAtZero) this.#digits(17, 2, seconds - minute * secondsPerMinute);
    else this.#localTime(seconds);
    this.#digits(nanosecondsAt, 9, nanoseconds);
    if (stream !== this.#stream) {
      this.#stream = stream;
      this.#write(streamAt, stream);
    }
  }

  #localTime(seconds: number): void {
    this.#sys.localtime(seconds, this.#local);
    const [year, month, day, hour, minute, second, offset] = this.#local;
    this.#digits(0, 4, year!);
    this.#digits(5, 2, month!);
    this.#digits(8, 2, day!);
    this.#digits(11, 2, hour!);
    this.#digits(14, 2, minute!);
    this.#digits(17, 2, second!);
    this.#write(29, offset! < 0 ? '-' : '+');
    const offsetMinutes = Math.trunc(Math.abs(offset!) / secondsPerMinute);
    this.#digits(30, 2, Math.trunc(offsetMinutes / 60));
    this.#digits(33, 2, offsetMinutes % 60);
  }

  #digits(at: number, count: number, value: number): void {
    let rest = value;
    for (let i = at + count - 1; i >= at; i--) {
      this.bytes[i] = 0x30 + (rest % 10);
      rest = Math.trunc(rest / 10);
    }
  }

  #write(at: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[at + i] = text.charCodeAt(i);
  }
}
