import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArgumentError } from '../../../src/manager/errors.ts';
import { formatLocation, locateBus } from '../../../src/manager/systemd/bus-address.ts';

const uid = 1000;

test('S12 bus: root asks the system bus, everybody else their own', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/1000' };
  assert.deepEqual(locateBus(undefined, env, 0), { socket: '/run/dbus/system_bus_socket' });
  assert.deepEqual(locateBus(undefined, env, uid), { socket: '/run/user/1000/bus' });
});

test('S12 bus: a choice counts more than who asks', () => {
  const env = { XDG_RUNTIME_DIR: '/run/user/0' };
  assert.deepEqual(locateBus('user', env, 0), { socket: '/run/user/0/bus' });
  assert.deepEqual(locateBus('system', env, uid), { socket: '/run/dbus/system_bus_socket' });
});

test('S12 bus: the environment moves it, each variable its own bus', () => {
  const env = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/s', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/u' };
  assert.deepEqual(locateBus('system', env, 0), { busAddress: 'unix:path=/s' });
  assert.deepEqual(locateBus('user', env, 0), { busAddress: 'unix:path=/u' });
});

test('bus: an empty variable is none', () => {
  const env = { DBUS_SESSION_BUS_ADDRESS: '', XDG_RUNTIME_DIR: '/run/user/1000' };
  assert.deepEqual(locateBus('user', env, uid), { socket: '/run/user/1000/bus' });
});

test('bus: an address is taken as it is', () => {
  const env = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/s' };
  assert.deepEqual(locateBus('unix:abstract=x', env, 0), { busAddress: 'unix:abstract=x' });
});

test('bus: a user of whom nothing is known has none', () => {
  assert.throws(() => locateBus(undefined, {}, uid), ArgumentError);
});

test('bus: messages name the path or the address', () => {
  assert.equal(formatLocation({ socket: '/run/dbus' }), '/run/dbus');
  assert.equal(formatLocation({ busAddress: 'unix:path=/s' }), 'unix:path=/s');
});
