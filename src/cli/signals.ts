// Signals that conmonctl gets and that are meant for the container.

import { constants } from 'node:os';

/** Those with which a person or a service manager speaks to a program. Not among them: what the terminal's job
 * control sends to stop conmonctl itself, and what reports of conmonctl's own doings. */
const received = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Those that end conmonctl while there is nobody to pass them on to. */
const ending: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']);

/** A command line was told to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** 128 and the signal's number, as a shell has it. */
  readonly status: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

/** Takes signals from its making on, so that none comes at a moment at which it would only end conmonctl and
 * leave a container half made. */
export class Signals {
  readonly #giveUp = new AbortController();
  readonly #early: NodeJS.Signals[] = [];
  #send: ((signal: NodeJS.Signals) => Promise<void> | void) | undefined;
  #last = Promise.resolve();
  #holds = false;

  constructor() {
    for (const name of received) process.on(name, () => this.#take(name));
  }

  /** Aborted, with {@link Interrupted}, by a signal to end that there is nobody to pass on to. */
  get signal(): AbortSignal {
    return this.#giveUp.signal;
  }

  /** From now on every signal waits for {@link Signals.passTo}. Throws {@link Interrupted} where one to end came
   * before. */
  hold(): void {
    this.signal.throwIfAborted();
    this.#holds = true;
  }

  /** From now on signals are passed on, one after the other as they come, those first that came before. Throws
   * {@link Interrupted} where one of these was to end. */
  passTo(send: (signal: NodeJS.Signals) => Promise<void> | void): void {
    this.signal.throwIfAborted();
    this.#send = send;
    for (const name of this.#early.splice(0)) this.#take(name);
  }

  #take(name: NodeJS.Signals): void {
    const send = this.#send;
    if (send)
      this.#last = this.#last.then(() => send(name)).catch(() => {}); // it found nobody
    else if (!this.#holds && ending.has(name)) this.#giveUp.abort(new Interrupted(name));
    else this.#early.push(name);
  }
}
