// Which bus to ask, and where its socket is (D-Bus Specification, "Well-known Message Bus Instances").

import { join } from 'node:path';
import { ArgumentError } from '../errors.ts';

/** A systemd to talk to: the machine's, the user's, or one behind a D-Bus address. */
export type Bus = 'system' | 'user' | `${string}:${string}`;

/** Where a bus is: a D-Bus address, or the path of a socket, which needs none of an address's escapes. */
export type BusLocation = { readonly busAddress: string } | { readonly socket: string };

/** Finds the bus from the environment. Throws {@link ArgumentError} where that names no user's bus. */
export function locateBus(
  bus: Bus | undefined,
  env: Readonly<Record<string, string | undefined>>,
  uid: number | undefined,
): BusLocation {
  const choice = bus ?? (uid === 0 ? 'system' : 'user');
  if (choice !== 'system' && choice !== 'user') return { busAddress: choice };
  const address = choice === 'system' ? env['DBUS_SYSTEM_BUS_ADDRESS'] : env['DBUS_SESSION_BUS_ADDRESS'];
  if (address) return { busAddress: address };
  if (choice === 'system') return { socket: '/run/dbus/system_bus_socket' };
  // systemd's pam module sets this, and systemd has the user's bus in there (sd_bus_default_user(3)).
  if (env['XDG_RUNTIME_DIR']) return { socket: join(env['XDG_RUNTIME_DIR'], 'bus') };
  throw new ArgumentError(
    'neither DBUS_SESSION_BUS_ADDRESS nor XDG_RUNTIME_DIR is set: no bus of a user to ask',
  );
}

/** For messages. */
export function formatLocation(location: BusLocation): string {
  return 'socket' in location ? location.socket : location.busAddress;
}
