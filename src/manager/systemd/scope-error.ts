// What asking systemd for a scope fails with.

import { ManagerError } from '../errors.ts';

/** How a job of systemd's ended, as org.freedesktop.systemd1(5) has it; newer versions know more. */
export type JobResult = 'done' | 'canceled' | 'timeout' | 'failed' | 'dependency' | 'skipped' | (string & {});

/** systemd could not be asked for a scope, or could not make it. `code` is `'ERR_SCOPE'`. */
export class ScopeError extends ManagerError {
  override readonly name = 'ScopeError';
  /** The scope's name. */
  readonly unit: string;
  /** How the scope's job ended; `undefined` where there was none. */
  readonly result: JobResult | undefined;
  /** Name of the D-Bus error, for example `'org.freedesktop.DBus.Error.AccessDenied'`. */
  readonly dbusName: string | undefined;

  constructor(
    unit: string,
    details: {
      readonly words: string;
      readonly result?: JobResult;
      readonly dbusName?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super('ERR_SCOPE', `${unit} could not be started: ${details.words}`, { cause: details.cause });
    this.unit = unit;
    this.result = details.result;
    this.dbusName = details.dbusName;
  }
}
