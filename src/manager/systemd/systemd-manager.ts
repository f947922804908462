// One connection to a bus with a systemd on it, for one unit. It lives as long as the question: nothing of it is left
// that could hold a caller or be reached by a signal that comes too late.

import type { DBusError, Message, MessageBus } from 'dbus-native';
import { type BusLocation, formatLocation } from './bus-address.ts';
import {
  formatMatchRule,
  managerInterface,
  managerPath,
  readJobRemoved,
  systemdName,
} from './job-removed.ts';
import type { JobResult } from './scope-error.ts';

/** D-Bus Specification, "Message Format". Without a systemd the bus is not to start what may stand in for it. */
const noReplyExpected = 1;
const noAutoStart = 2;

export class SystemdManager {
  readonly #bus: MessageBus;
  readonly #unit: string;
  readonly #lost = Promise.withResolvers<never>();
  /** By job. A result may come before anybody knows that the job is ours, and may come twice. */
  readonly #ends = new Map<string, PromiseWithResolvers<JobResult>>();

  /** Connects; that it failed comes out of the first call. Rejects where the address can't be understood. */
  static async connect(location: BusLocation, unit: string): Promise<SystemdManager> {
    // Loaded by those who use it: a command line that only prints its help does not wait for it.
    const { createClient } = await import('dbus-native');
    // Who calls has a limit for all of it. Other methods than EXTERNAL let in who says that he is somebody. `direct`
    // leaves Hello to us: the library would not tell that it was refused.
    const bus = createClient({ ...location, timeout: 0, authMethods: ['EXTERNAL'], direct: true });
    return new SystemdManager(bus, location, unit);
  }

  private constructor(bus: MessageBus, location: BusLocation, unit: string) {
    this.#bus = bus;
    this.#unit = unit;
    let cause: Error | undefined;
    const drop = (error: Error) => {
      cause ??= error;
      bus.connection.stream.destroy();
    };
    bus.connection.on('error', drop);
    bus.connection.on('handlerError', drop);
    bus.connection.on('close', () => {
      const words = cause ? `: ${cause.message}` : '';
      this.#lost.reject(
        new Error(`the bus at ${formatLocation(location)} closed the connection${words}`, { cause }),
      );
    });
    this.#lost.promise.catch(() => {});
    bus.connection.on('message', message => this.#take(message));
  }

  /** Joins the bus, and has it and systemd send the ends of this unit's jobs. Once it resolves, none is missed. */
  async watchJobs(): Promise<void> {
    await this.#untilLost(this.#bus.invokeDbus({ member: 'Hello' }));
    await this.#untilLost(this.#bus.addMatch(formatMatchRule(this.#unit)));
    await this.call('Subscribe');
  }

  /** Calls a method of systemd's manager. Returns the reply's values; rejects with a {@link DBusError} where systemd
   * or the bus refuses, with another error where the bus has gone. */
  async call(member: string, signature?: string, body?: unknown[]): Promise<unknown> {
    return this.#untilLost(
      this.#bus.invoke({
        destination: systemdName,
        path: managerPath,
        interface: managerInterface,
        member,
        flags: noAutoStart,
        ...(signature === undefined ? {} : { signature, body: body ?? [] }),
      }),
    );
  }

  /** How the job ended, or has ended already. */
  async waitForJob(job: string): Promise<JobResult> {
    return this.#untilLost(this.#endOf(job).promise);
  }

  /** Has systemd forget a job that nobody waits for any more, if it still has it. */
  cancelJob(job: string): void {
    const message = {
      destination: systemdName,
      path: job,
      interface: 'org.freedesktop.systemd1.Job',
      member: 'Cancel',
      flags: noReplyExpected | noAutoStart,
    };
    void this.#bus.invoke(message).catch(() => {});
  }

  /** Keeps no process alive from now on. */
  unref(): void {
    const { stream } = this.#bus.connection;
    if ('unref' in stream && typeof stream.unref === 'function') stream.unref();
  }

  /** Lets go of the connection; what waits for an answer is rejected. */
  close(): void {
    const { stream } = this.#bus.connection;
    stream.end();
    // Not when the other side agrees: it may never read again. What was written is with the kernel by then.
    setImmediate(() => stream.destroy());
  }

  #take(message: Message): void {
    const removed = readJobRemoved(message);
    if (removed?.unit !== this.#unit) return;
    // Everybody on a bus can send a signal with systemd's words. Asked anew each time, as systemd gets another unique
    // name when it executes itself again.
    this.#bus.getNameOwner(systemdName).then(
      owner => {
        if (owner === removed.sender) this.#endOf(removed.job).resolve(removed.result);
      },
      () => {},
    );
  }

  #endOf(job: string): PromiseWithResolvers<JobResult> {
    const known = this.#ends.get(job);
    if (known) return known;
    const end = Promise.withResolvers<JobResult>();
    this.#ends.set(job, end);
    return end;
  }

  /** Why the bus has gone says more than that a call is left without an answer. */
  async #untilLost<T>(work: PromiseLike<T>): Promise<T> {
    const outcome = Promise.resolve(work).catch(error => {
      if (isConnectionClosed(error)) return this.#lost.promise;
      throw error;
    });
    return Promise.race([outcome, this.#lost.promise]);
  }
}

/** True for an answer that says no, rather than none: name and words of it are systemd's or the bus's. */
export function isRefusal(error: unknown): error is DBusError & { readonly dbusName: string } {
  return error instanceof Error && 'reply' in error && error.reply !== undefined && 'dbusName' in error;
}

function isConnectionClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNCLOSED';
}
