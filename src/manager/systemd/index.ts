// Moving monitors to systemd scopes, as Podman and CRI-O do under their systemd cgroup managers.

import { constants } from 'node:os';
import { ArgumentError } from '../errors.ts';
import { identifyProcess } from '../processes/processes.ts';
import type { Placement } from '../types.ts';
import { type Bus, locateBus } from './bus-address.ts';
import { ScopeError } from './scope-error.ts';
import { formatUnitName, isUnitName } from './scope-name.ts';
import { startScope } from './start-scope.ts';

export type { Bus } from './bus-address.ts';
export { type JobResult, ScopeError } from './scope-error.ts';

/** Where monitors go. */
export interface SystemdScopesOptions {
  /** Which systemd: `'system'`, `'user'`, or a D-Bus address, for example `'unix:path=/run/dbus/system_bus_socket'`.
   * Default `'system'` for root, `'user'` for everybody else. */
  readonly bus?: Bus;
  /** Name of the scope. `{id}` stands for the container's ID. Default `'conmon-{id}.scope'`. */
  readonly unit?: string;
  /** The slice that scopes are made in, for example `'machine.slice'`. Default: systemd's own. */
  readonly slice?: string;
  /** What systemd sends when the scope is stopped. Default SIGTERM, which a monitor hands on to its container. */
  readonly killSignal?: NodeJS.Signals;
  /** Milliseconds for one move. Default 8000. */
  readonly timeLimitMs?: number;
}

/** Less than the 10 s that a creation may take, so that its error says what hung. */
const scopeTimeLimitMs = 8_000;

/** A {@link Placement} that moves each monitor to a scope of its own, and the monitors of commands run in a container
 * to that container's scope. Its promise rejects with {@link ScopeError}, {@link TimeLimitError} or the signal's
 * reason; then nothing waits any more, and what systemd still says is not heard. The container's own cgroup is the
 * runtime's business: see its `--systemd-cgroup`, which `runtimeArgs` of a {@link Runtime} can hold.
 *
 * Throws {@link ArgumentError} for names that can't be a unit's, and where no user's bus can be found. */
export function systemdScopes(options: SystemdScopesOptions = {}): Placement {
  const { unit: template = 'conmon-{id}.scope', slice, killSignal, timeLimitMs = scopeTimeLimitMs } = options;
  if (!template.includes('{id}'))
    throw new ArgumentError(`${template} is no name for scopes: {id} has to be in it`);
  if (!isUnitName(template.replaceAll('{id}', 'id'), '.scope'))
    throw new ArgumentError(`${template} is no name for scopes: those end in .scope`);
  if (slice !== undefined && !isUnitName(slice, '.slice'))
    throw new ArgumentError(`${slice} is no slice's name: those end in .slice`);
  const bus = locateBus(options.bus, process.env, process.getuid?.());
  return async ({ pid, id, signal }) => {
    const unit = formatUnitName(template, id);
    const request = {
      bus,
      unit,
      pid,
      description: `conmon of container ${id}`,
      slice,
      killSignal: killSignal && constants.signals[killSignal],
    };
    try {
      await startScope(request, { timeLimitMs, signal });
    } catch (error) {
      // The launcher has ended: what it has to say matters more.
      if (!(error instanceof ScopeError) || identifyProcess(pid) !== undefined) throw error;
    }
  };
}
