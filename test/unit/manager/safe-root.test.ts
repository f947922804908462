// Which directories of state are trusted, for this user and for root.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { requireSafeRoot } from '../../../src/manager/state/safe-root.ts';
import { makeFolder } from '../../fixtures/monitored.ts';

const isRoot = process.getuid?.() === 0;
const somebody = 12345;

/** A root in a directory that only this user can write in. */
function makeRoot(t: TestContext): { readonly above: string; readonly root: string } {
  const above = join(makeFolder(t), 'above');
  const root = join(above, 'root');
  mkdirSync(join(root, 'containers'), { recursive: true, mode: 0o700 });
  return { above, root };
}

function refuses(root: string, path: string, reason: RegExp): void {
  assert.throws(
    () => requireSafeRoot(root),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_ARGUMENT');
      assert.ok(error.message.includes(`${path}: `), error.message);
      assert.match(error.message, reason);
      return true;
    },
  );
}

test('directory of state: one that only its user can write in is taken, also before it is there', t => {
  const { root } = makeRoot(t);
  assert.equal(requireSafeRoot(root), true);
  assert.equal(requireSafeRoot(join(root, 'other')), false);
  chmodSync(root, 0o755);
  assert.equal(requireSafeRoot(root), true);
});

test('directory of state: one in which others can write is refused', t => {
  const { root } = makeRoot(t);
  for (const mode of [0o777, 0o1777, 0o770]) {
    chmodSync(root, mode);
    refuses(root, root, /others can write/);
  }
  chmodSync(root, 0o700);
  chmodSync(join(root, 'containers'), 0o777);
  refuses(root, join(root, 'containers'), /others can write/);
});

test('directory of state: a symbolic link, or one in it, is refused, and so is a file', t => {
  const { above, root } = makeRoot(t);
  const link = join(above, 'link');
  symlinkSync(root, link);
  refuses(link, link, /symbolic link/);
  symlinkSync('/etc', join(root, 'exits'));
  refuses(root, join(root, 'exits'), /symbolic link/);
  const file = join(above, 'file');
  writeFileSync(file, '');
  refuses(file, file, /no directory/);
  refuses(join(file, 'below'), file, /no directory/);
});

test('directory of state: a directory on the way in which others can rename it is refused', t => {
  const { above, root } = makeRoot(t);
  chmodSync(above, 0o777);
  refuses(root, above, /others can write/);
  chmodSync(above, 0o1777); // as /tmp
  assert.equal(requireSafeRoot(root), true);
});

if (isRoot) {
  test('directory of state: what somebody else owns is refused', t => {
    const { above, root } = makeRoot(t);
    for (const path of [join(root, 'containers'), root, above]) {
      chownSync(path, somebody, somebody);
      refuses(root, path, /owned by user 12345/);
      chownSync(path, 0, 0);
    }
    chownSync(above, 0, somebody);
    chmodSync(above, 0o770);
    refuses(root, above, /others can write/);
  });

  test('directory of state: a link on the way is followed where nobody else can change it', t => {
    const { above } = makeRoot(t);
    const link = join(above, 'way');
    symlinkSync(above, link);
    assert.equal(requireSafeRoot(join(link, 'root')), true);
    const open = join(above, 'open');
    mkdirSync(open);
    chmodSync(open, 0o1777);
    const planted = join(open, 'way');
    symlinkSync(above, planted);
    assert.equal(requireSafeRoot(join(planted, 'root')), true);
    lchownSync(planted, somebody, somebody);
    refuses(join(planted, 'root'), planted, /owned by user 12345/);
  });
}
