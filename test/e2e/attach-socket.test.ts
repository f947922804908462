// The socket and the link in a real directory.

import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FatalError } from '../../src/sys/errors.ts';
import { makeDirectory, openFds, TestClient, TestServer } from './attach-harness.ts';

test('attach socket A1: a client can connect before the reactor has turned', t => {
  const on = new TestServer(t);
  const client = new TestClient(on.reactor, on.bundle);
  assert.equal(client.send('early'), 5);
  on.until(() => on.input.toString() === 'early');
});

test('attach socket A2: the bundle may have a path of 3,000 bytes', t => {
  const bundle = join(makeDirectory(t), ...Array.from({ length: 15 }, () => 'd'.repeat(200)));
  mkdirSync(bundle, { recursive: true });
  const on = new TestServer(t, bundle);
  const client = on.attach();
  client.send('hello');
  on.until(() => on.input.toString() === 'hello');
  on.server.unlink();
  assert.equal(existsSync(join(bundle, 'attach')), false);
});

test('attach socket A3, A6: the link leads to the socket, and both are gone after unlink, with clients still attached', t => {
  const directory = makeDirectory(t);
  const link = join(directory, 'cuuid');
  const on = new TestServer(t, makeDirectory(t), link);
  assert.equal(readlinkSync(link), on.bundle);
  const client = new TestClient(on.reactor, link).read();
  on.settle();
  on.server.unlink();
  assert.equal(lstatSync(link, { throwIfNoEntry: false }), undefined);
  assert.equal(existsSync(join(on.bundle, 'attach')), false);
  on.server.broadcast('stdout', Buffer.from('.still here'), 1, 11);
  on.server.close();
  on.until(() => client.ended === 0);
  assert.equal(client.bytes(2).toString(), 'still here');
});

test('attach socket A4: its mode is 0700', t => {
  const on = new TestServer(t);
  const { mode } = lstatSync(join(on.bundle, 'attach'));
  assert.equal((mode & 0o7777).toString(8), '700');
});

test('attach socket A5: a socket and a link that an earlier monitor left are replaced', t => {
  const directory = makeDirectory(t);
  const link = join(directory, 'cuuid');
  const crashed = new TestServer(t);
  symlinkSync('/nowhere', link);
  const on = new TestServer(t, crashed.bundle, link);
  assert.equal(readlinkSync(link), on.bundle);
  on.attach().send('to the new one');
  on.until(() => on.inputs.length === 1);
  crashed.settle();
  assert.equal(crashed.inputs.length, 0);
});

test('attach socket A5: what is not a socket, or not a link, stays, and is a FatalError that names it', t => {
  const before = openFds();
  const bundle = makeDirectory(t);
  const file = join(bundle, 'attach');
  writeFileSync(file, 'precious');
  assert.throws(
    () => new TestServer(t, bundle),
    (error: FatalError) =>
      error instanceof FatalError &&
      error.message === `Failed to remove existing socket: ${file}: File exists`,
  );
  assert.equal(existsSync(file), true);
  const link = join(makeDirectory(t), 'cuuid');
  writeFileSync(link, 'precious');
  const other = makeDirectory(t);
  assert.throws(
    () => new TestServer(t, other, link),
    /existing symlink for socket directory .*cuuid: File exists/,
  );
  assert.equal(existsSync(link), true);
  assert.equal(existsSync(join(other, 'attach')), false, 'the socket does not stay without its link');
  assert.equal(openFds(), before + 2, 'only the two reactors');
});

test('attach socket A5: a link named attach is not followed', t => {
  const bundle = makeDirectory(t);
  const target = join(makeDirectory(t), 'target');
  symlinkSync(target, join(bundle, 'attach'));
  assert.throws(() => new TestServer(t, bundle), FatalError);
  assert.equal(existsSync(target), false);
  assert.equal(readlinkSync(join(bundle, 'attach')), target);
});

test('attach socket A6: what another monitor has put in place meanwhile stays', t => {
  const link = join(makeDirectory(t), 'cuuid');
  const first = new TestServer(t, makeDirectory(t), link);
  const second = new TestServer(t, first.bundle, link);
  first.server.unlink();
  first.server.close();
  assert.equal(readlinkSync(link), first.bundle);
  second.attach().send('x');
  second.until(() => second.inputs.length === 1);
});

test('attach socket A6: a bundle that was moved away loses its socket all the same', t => {
  const directory = makeDirectory(t);
  mkdirSync(join(directory, 'bundle'));
  const on = new TestServer(t, join(directory, 'bundle'));
  renameSync(join(directory, 'bundle'), join(directory, 'moved'));
  on.server.unlink();
  assert.equal(existsSync(join(directory, 'moved', 'attach')), false);
});

test('attach socket: a bundle or a socket directory that is not there is a FatalError that names it', t => {
  const directory = makeDirectory(t);
  assert.throws(
    () => new TestServer(t, join(directory, 'none')),
    /parent dir .*\/none: No such file or directory/,
  );
  const link = join(directory, 'none', 'cuuid');
  assert.throws(
    () => new TestServer(t, makeDirectory(t), link),
    /symlink for attach socket .*cuuid: No such file/,
  );
});

test('attach socket: close leaves no fd behind', t => {
  const before = openFds();
  const on = new TestServer(t);
  const clients = [on.attach(), on.attach()];
  on.server.unlink();
  on.server.close();
  for (const client of clients) client.close();
  assert.equal(openFds(), before + 1, 'only the reactor');
});
