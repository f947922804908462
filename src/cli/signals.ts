// Signals that conmonctl gets and that are meant for the container.

import { constants } from 'node:os';

/** Those with which a person or a service manager speaks to a program. Not among them: what the terminal's job
 * control sends to stop conmonctl itself, and what reports of conmonctl's own doings. */
const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Signals that end a command line which has nobody yet to forward them to. */
const ending = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

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

/** Does `work` with a signal that is aborted when conmonctl is told to end; answers the status that this makes. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const listeners = ending.map(name => [name, () => giveUp.abort(new Interrupted(name))] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  try {
    return await work(giveUp.signal);
  } finally {
    for (const [name, listener] of listeners) process.off(name, listener);
  }
}

/** Passes signals on, one after the other as they come. A signal that finds nobody is for nobody. Answers what ends
 * it. */
export function forwardSignals(send: (signal: NodeJS.Signals) => Promise<void> | void): () => void {
  let last = Promise.resolve();
  const listeners = forwarded.map(name => {
    const listener = () => {
      last = last.then(() => send(name)).catch(() => {});
    };
    return [name, listener] as const;
  });
  for (const [name, listener] of listeners) process.on(name, listener);
  return () => {
    for (const [name, listener] of listeners) process.off(name, listener);
  };
}
