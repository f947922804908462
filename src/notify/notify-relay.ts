// The sd_notify(3) relay: the container's messages, filtered, on to the service manager of the host. Whoever is in
// the container can send here, so nothing that comes may stop the relay or make it say more than its share.

import { EPOLLIN, MSG_DONTWAIT, MSG_TRUNC } from '../sys/constants.ts';
import { EAGAIN, EINTR, ENOBUFS, errorWords } from '../sys/errno.ts';
import type { Reactor, Timer } from '../sys/reactor.ts';
import type { Sys } from '../sys/sys.ts';
import { untilDone } from '../sys/until-done.ts';
import { bindContainerSocket } from './container-socket.ts';
import { filterNotification } from './filter.ts';
import { HostSocket } from './host-socket.ts';

export interface NotifyRelayOptions {
  /** The bundle's path; its folder `notify` is there, and is what the container sees. */
  readonly bundle: string;
  /** `--sdnotify-socket`: the service manager's socket, a path or, from `@` on, an abstract address. */
  readonly socket: string;
}

export interface NotifyRelay {
  /** Relays what is there already, and ends: at the latest after half a second, with a warning of what was left. The
   * name stays: another monitor of the container may own it by now. */
  close(): void;
}

/**
 * Binds `<bundle>/notify/notify.sock` and relays what comes there.
 *
 * Throws a `FatalError` when it cannot be bound: a service manager would wait for a word that never comes.
 */
export function openNotifyRelay(
  sys: Sys,
  reactor: Reactor,
  options: NotifyRelayOptions,
  warn: (message: string) => void,
): NotifyRelay {
  const containerFd = bindContainerSocket(sys, options.bundle);
  const host = new HostSocket(sys, options.socket);
  const relay = new Relay(sys, reactor, containerFd, host, warn);
  reactor.watch(containerFd, EPOLLIN, () => relay.run());
  return relay;
}

/** The longest message that is read whole; C conmon's CONN_SOCK_BUF_SIZE. systemd itself ignores more than 4096. */
const notificationBytesMax = 32768;
/** Messages relayed in one turn, so that a container that floods its socket does not hold up its own output. */
const notificationsPerTurnMax = 16;
/** How soon a full queue of the service manager is tried again, in milliseconds. */
const retryMs = 100;
/** How long the end waits for room in that queue, in milliseconds. */
const closeMsMax = 500;
/** How many messages are counted that are lost at the end: as many as a queue holds where systemd sets its length. */
const leftMax = 512;

class Relay implements NotifyRelay {
  readonly #sys: Sys;
  readonly #reactor: Reactor;
  readonly #containerFd: number;
  readonly #host: HostSocket;
  readonly #warn: (message: string) => void;
  readonly #buf = new Uint8Array(notificationBytesMax);
  /** Set while a message waits for room. Meanwhile nothing is read, and the container's own queue fills. */
  #retry: Timer | undefined;
  #hasWarned = false;

  constructor(
    sys: Sys,
    reactor: Reactor,
    containerFd: number,
    host: HostSocket,
    warn: (message: string) => void,
  ) {
    this.#sys = sys;
    this.#reactor = reactor;
    this.#containerFd = containerFd;
    this.#host = host;
    this.#warn = warn;
  }

  run(): void {
    for (let count = 0; count < notificationsPerTurnMax && !this.#retry; count++) {
      const passed = this.#receive();
      if (passed === undefined) return;
      if (passed.length > 0) this.#forward(passed);
    }
  }

  close(): void {
    this.#relayAll();
    const left = this.#countLeft();
    if (left > 0) this.#warn(`Lost ${countMessages(left)} to host notify socket at the end`);
    this.#retry?.cancel();
    this.#reactor.forget(this.#containerFd);
    this.#sys.close(this.#containerFd);
    this.#host.close();
  }

  /** Relays until nothing is left, or time is up. Meanwhile everybody else has their turns. */
  #relayAll(): void {
    const until = this.#reactor.nowMs() + closeMsMax;
    do {
      if (this.#retry) {
        this.#reactor.turn();
        continue;
      }
      const passed = this.#receive();
      if (passed === undefined) return;
      if (passed.length > 0) this.#forward(passed);
    } while (this.#reactor.nowMs() < until);
  }

  #countLeft(): number {
    let count = this.#retry ? 1 : 0;
    while (count < leftMax) {
      const passed = this.#receive();
      if (passed === undefined) break;
      if (passed.length > 0) count++;
    }
    return count;
  }

  /** What passes of the next message; undefined where there is none. */
  #receive(): Uint8Array | undefined {
    // recv(2) has no room for fds that come along, and the kernel closes those. An empty message is not an end.
    const flags = MSG_DONTWAIT | MSG_TRUNC;
    const length = untilDone(() =>
      this.#sys.recv(this.#containerFd, this.#buf, 0, notificationBytesMax, flags),
    );
    if (length < 0) return undefined;
    const isCut = length > notificationBytesMax;
    return filterNotification(this.#buf.subarray(0, Math.min(length, notificationBytesMax)), isCut);
  }

  #forward(message: Uint8Array): void {
    const answer = this.#host.send(message);
    if (isFull(answer)) this.#forwardLater(message);
    else if (answer < 0) this.#warnOnce(answer);
    else this.#hasWarned = false;
  }

  #forwardLater(message: Uint8Array): void {
    this.#reactor.rearm(this.#containerFd, 0);
    this.#retry = this.#reactor.after(retryMs, () => {
      this.#retry = undefined;
      this.#forward(message);
      if (!this.#retry) this.#reactor.rearm(this.#containerFd, EPOLLIN);
    });
  }

  /** The container decides how often this could fail, so it is said once until it works again. */
  #warnOnce(errno: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#warn(`Failed to write to host notify socket: ${errorWords(errno)}`);
  }
}

function countMessages(count: number): string {
  return count === 1 ? '1 message' : count < leftMax ? `${count} messages` : `${leftMax} messages or more`;
}

function isFull(answer: number): boolean {
  return answer === -EAGAIN || answer === -ENOBUFS || answer === -EINTR;
}
