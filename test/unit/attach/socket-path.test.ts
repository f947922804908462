import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { placeAttachSocket } from '../../../src/attach/socket-path.ts';

const bundle = '/var/lib/containers/userdata';

function place(socketDir: string, cuuid: string) {
  return placeAttachSocket({ bundle, linkTarget: bundle, socketDir, cuuid });
}

const linkIn = (socketDir: string, cuuid: string) => place(socketDir, cuuid).link!.path;

test('attach place A2: with --full-attach there is no link, whatever the socket directory is', () => {
  const options = { bundle, linkTarget: undefined, socketDir: '/run/crio', cuuid: 'abc' };
  assert.deepEqual(placeAttachSocket(options), { bundle });
});

test('attach place A3: without --full-attach the link is named by the cuuid in the socket directory', () => {
  assert.deepEqual(place('/run/crio', 'abc'), { bundle, link: { path: '/run/crio/abc', target: bundle } });
});

test('attach place A3: slashes between directory and cuuid become one', () => {
  assert.equal(linkIn('/run/crio//', '/abc'), '/run/crio/abc');
  assert.equal(linkIn('/', 'abc'), '/abc');
});

test('attach place A3: a link of 107 bytes loses its last byte, one of 106 or 108 does not', () => {
  const linkOf = (bytes: number) => linkIn('/run', 'u'.repeat(bytes - '/run/'.length));
  assert.equal(linkOf(106).length, 106);
  assert.equal(linkOf(107).length, 106);
  assert.equal(linkOf(108).length, 108);
});

test('attach place A3: the length is counted in bytes, not in characters', () => {
  const cuuid = `é${'u'.repeat(100)}`;
  assert.equal(Buffer.byteLength(`/run/${cuuid}`), 107);
  assert.equal(linkIn('/run', cuuid), `/run/é${'u'.repeat(99)}`);
});

test('attach place A3: of a character that is cut, U+FFFD is left', () => {
  const cuuid = `${'u'.repeat(100)}é`;
  assert.equal(Buffer.byteLength(`/run/${cuuid}`), 107);
  assert.equal(linkIn('/run', cuuid), `/run/${'u'.repeat(100)}\ufffd`);
});

test('attach place A3: any two names are joined as g_build_filename(3) joins them', () => {
  const name = fc.string({ unit: fc.constantFrom('/', '/', 'a', 'é'), maxLength: 8 });
  fc.assert(
    fc.property(name, name, (directory, cuuid) => {
      assert.equal(linkIn(directory, cuuid), `${directory.replace(/\/+$/, '')}/${cuuid.replace(/^\/+/, '')}`);
    }),
  );
});
