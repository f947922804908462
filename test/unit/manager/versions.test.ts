// What programs say of their versions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVersion } from '../../../src/manager/oci/versions.ts';

test('versions: those of conmon and of every runtime are taken apart', () => {
  const cases: readonly (readonly [said: string, parts: readonly (string | undefined)[]])[] = [
    ['conmon version 2.1.6\ncommit: unknown\n', ['conmon', '2.1.6', undefined, undefined]],
    ['conmon version 2.2.1+ts.0.1.0\ncommit: 4aeadc\n', ['conmon', '2.2.1+ts.0.1.0', '4aeadc', undefined]],
    [
      'runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\ngo: go1.19.8\n',
      ['runc', '1.1.5+ds1', '1.1.5+ds1-1+deb12u1', '1.0.2-dev'],
    ],
    [
      'crun version 1.8.1\ncommit: f8a096\nrundir: /run/crun\nspec: 1.0.0\n+SYSTEMD +SELINUX\n',
      ['crun', '1.8.1', 'f8a096', '1.0.0'],
    ],
    ['youki version: 0.5.5\ncommit: 0.5.5-0-g3e8b\n', ['youki', '0.5.5', '0.5.5-0-g3e8b', undefined]],
    [
      'kata-runtime  : 3.2.0\n   commit   : abc\n   OCI specs: 1.0.2-dev\n',
      ['kata-runtime', '3.2.0', 'abc', '1.0.2-dev'],
    ],
    ['hostrun 0.1.0\nspec: 1.0.2\n', ['hostrun', '0.1.0', undefined, '1.0.2']],
  ];
  for (const [said, parts] of cases) {
    const { name, version, commit, spec, line } = parseVersion(said)!;
    assert.deepEqual([name, version, commit, spec], parts);
    assert.equal(line, said.split('\n')[0]);
  }
});

test('versions: what other programs say is none', () => {
  for (const said of [
    '',
    '--version\n',
    'true (GNU coreutils) 9.1\n',
    'GNU bash, version 5.2.15(1)\n',
    'v26.1.0\n',
    '{}',
  ])
    assert.equal(parseVersion(said), undefined, said);
});
