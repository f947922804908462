// The monitor's own messages: to the caller's stderr until it is let go of, and to syslog where that was asked
// for. They are never worth a container: no message blocks, and no failure to say one is told to anybody.

import { ClockTime } from '../sys/clock-time.ts';
import {
  CLOCK_REALTIME,
  EPOLL_CTL_ADD,
  EPOLLOUT,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from '../sys/constants.ts';
import { EINTR, EPERM } from '../sys/errno.ts';
import type { Sys } from '../sys/sys.ts';
import { encodeLine, stderrLine, syslogLine, syslogText, usageLine } from './format.ts';
import { isSaid, type LogLevel } from './level.ts';

export interface MessageOptions {
  /** The least important level that is said; see `parseLogLevel`. */
  readonly level: LogLevel;
  /** `--syslog`: say everything in syslog as well. */
  readonly syslog: boolean;
  /** The container's ID. */
  readonly cid: string;
  /** `--log-tag`, which C conmon shows after a short ID. */
  readonly tag?: string | undefined;
}

/** Says messages. `text` is one line: no newline at its end, and control characters in it are shown escaped. */
export interface Messages {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  /** A warning for whoever says it in our place, by syslog(3); empty where syslog is not to be told. */
  prepareWarning(text: string): string;
  /** To be called when stderr is let go of: from here on there is only syslog. */
  detachStderr(): void;
}

/** Opens the way for messages. Takes no fd before the first message that is said. */
export function openMessages(sys: Sys, options: MessageOptions): Messages {
  const stderr = new Stderr(sys);
  const syslog = options.syslog ? new Syslog(sys, options) : undefined;
  const say = (level: LogLevel) =>
    isSaid(level, options.level)
      ? (text: string) => {
          stderr.write(stderrLine(level, text));
          syslog?.send(level, text);
        }
      : sayNothing;
  return {
    error: say('error'),
    warn: say('warn'),
    info: say('info'),
    debug: say('debug'),
    prepareWarning: text => (isSaid('warn', options.level) && syslog?.prepare('warn', text)) || '',
    detachStderr: () => stderr.close(),
  };
}

/** Says `conmon: text` on stderr: for a command line that is refused before there could be {@link Messages}. */
export function sayUsageError(sys: Sys, text: string): void {
  const stderr = new Stderr(sys);
  stderr.write(usageLine(text));
  stderr.close();
}

const stderrFd = 2;
/** PIPE_BUF: what a pipe that polls writable takes in one piece, without blocking and unmixed with others'. */
const lineBytesMax = 4096;
/** How long, in all, a caller that does not read its stderr may hold up the start. */
const stderrWaitMsMax = 500;
const syslogPath = '/dev/log';

/** Stderr is the caller's: it cannot be made non-blocking, so each write asks first whether there is room. */
class Stderr {
  readonly #sys: Sys;
  readonly #buf = new Uint8Array(lineBytesMax);
  /** An epoll with stderr in it; -1 where none is needed: a file is always writable. Undefined before its use. */
  #epfd: number | undefined;
  #waitMs = stderrWaitMsMax;
  #closed = false;

  constructor(sys: Sys) {
    this.#sys = sys;
  }

  write(line: string): void {
    if (this.#closed) return;
    const length = encodeLine(line, this.#buf);
    let done = 0;
    while (done < length && this.#hasRoom()) {
      const written = this.#sys.write(stderrFd, this.#buf, done, length - done);
      if (written <= 0) return; // EINTR too: no handler that could interrupt it is worth a second message
      done += written;
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#epfd !== undefined && this.#epfd >= 0) this.#sys.close(this.#epfd);
    this.#epfd = undefined;
  }

  #hasRoom(): boolean {
    this.#epfd ??= this.#openEpoll();
    if (this.#epfd === undefined) return false;
    if (this.#epfd < 0) return true;
    const events = new Int32Array(2);
    let ready = this.#sys.epollWait(this.#epfd, events, this.#waitMs);
    if (ready === -EINTR) ready = this.#sys.epollWait(this.#epfd, events, 0);
    if (ready > 0) return true;
    this.#waitMs = 0;
    return false;
  }

  #openEpoll(): number | undefined {
    const epfd = this.#sys.epollCreate();
    if (epfd < 0) return -1; // out of fds: a line that may have to wait is better than none
    const answer = this.#sys.epollCtl(epfd, EPOLL_CTL_ADD, stderrFd, EPOLLOUT);
    if (answer >= 0) return epfd;
    this.#sys.close(epfd);
    return answer === -EPERM ? -1 : undefined; // EPERM is a file's; with any other there is no stderr
  }
}

/** Each message looks /dev/log up anew, so a syslog that was away is found again by the next one. */
class Syslog {
  readonly #sys: Sys;
  readonly #who: string;
  readonly #buf = new Uint8Array(lineBytesMax);
  readonly #clock = new ClockTime();
  readonly #local = new Int32Array(7);
  #fd = -1;

  constructor(sys: Sys, { cid, tag }: MessageOptions) {
    this.#sys = sys;
    this.#who = tag === undefined ? cid : `${cid}: ${tag}`;
  }

  send(level: LogLevel, text: string): void {
    if (this.#fd < 0) this.#fd = this.#sys.socket(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (this.#fd < 0) return;
    const length = encodeLine(syslogLine(level, this.#who, this.#now(), text), this.#buf);
    this.#sys.sendto(this.#fd, this.#buf, 0, length, MSG_DONTWAIT | MSG_NOSIGNAL, syslogPath);
  }

  prepare(level: LogLevel, text: string): string {
    return syslogText(level, this.#who, text);
  }

  #now() {
    this.#sys.clockGettime(CLOCK_REALTIME, this.#clock);
    this.#sys.localtime(this.#clock.seconds, this.#local);
    const [, month, day, hour, minute, second] = this.#local;
    return { month: month!, day: day!, hour: hour!, minute: minute!, second: second! };
  }
}

function sayNothing(): void {}
