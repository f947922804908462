import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findMemoryCgroup } from '../../../src/oom/cgroup-path.ts';

const find = (content: string, root?: string) => findMemoryCgroup(Buffer.from(content), root);

const v1 = `12:pids:/machine/abc
11:cpu,cpuacct:/machine/abc
4:memory:/machine.slice/libpod-abc.scope
1:name=systemd:/machine.slice/libpod-abc.scope
0::/machine.slice/libpod-abc.scope
`;

describe('memory cgroup of a process', () => {
  it('E19: the version 1 hierarchy with the memory controller, also beside a unified one', () => {
    assert.deepEqual(find(v1), {
      version: 1,
      path: '/sys/fs/cgroup/memory/machine.slice/libpod-abc.scope',
    });
  });

  it('E19: controllers that share a hierarchy share its directory', () => {
    assert.deepEqual(find('3:cpu,memory,blkio:/a\n'), {
      version: 1,
      path: '/sys/fs/cgroup/cpu,memory,blkio/a',
    });
  });

  it('E19: the unified hierarchy where memory is in no other', () => {
    assert.deepEqual(find('0::/user.slice/a.scope\n'), {
      version: 2,
      path: '/sys/fs/cgroup/user.slice/a.scope',
    });
    assert.deepEqual(find('1:net_cls:/\n0::/a\n', '/root'), { version: 2, path: '/root/a' });
  });

  it('E19: names of controllers are letters, digits and a few signs', () => {
    assert.equal(find('3:a,z,A,Z,0,9,_=.-,memory:/x\n')?.path, '/sys/fs/cgroup/a,z,A,Z,0,9,_=.-,memory/x');
    for (const sign of ['!', '@', '[', '`', '{', '~', ' ', '/'])
      assert.equal(find(`3:memory,a${sign}:/x\n`), undefined, sign);
  });

  it('E19: the unified hierarchy has number 0 and no controllers', () => {
    assert.equal(find('0:cpu:/a\n'), undefined);
    assert.equal(find('5::/a\n'), undefined);
  });

  it('E19: a name that only contains "memory" is another controller', () => {
    assert.equal(find('3:memory2:/a\n2:name=memory:/b\n'), undefined);
  });

  it('E19: colons, commas and spaces in a path are part of it', () => {
    assert.equal(find('4:memory:/a:b,c d\n')?.path, '/sys/fs/cgroup/memory/a:b,c d');
  });

  it('E19: the root cgroup is not the container’s', () => {
    assert.equal(find('4:memory:/\n0::/\n'), undefined);
    assert.equal(find('0::/\n'), undefined);
  });

  it('E19: a path that leads out of the tree is not followed', () => {
    assert.equal(find('0::/../../other\n'), undefined);
    assert.equal(find('4:memory:/a/../../b\n'), undefined);
    assert.equal(find('0::/a..b\n')?.path, '/sys/fs/cgroup/a..b');
  });

  it('E19: lines that are none are passed over', () => {
    const rubbish = 'x\n\n:\n::\n5\n5:memory\n:memory:/a\n5:memory:relative\nmemory:5:/a\n0:\n';
    assert.equal(find(rubbish), undefined);
    assert.deepEqual(find(rubbish + v1), find(v1));
  });

  it('E19: no content makes it throw or leave the mounted tree', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', ':', '/', '.', ',', '\n', 'memory') }),
    );
    fc.assert(
      fc.property(text, content => {
        const found = find(content, '/root');
        if (!found) return;
        assert.ok(found.path.startsWith('/root/'));
        assert.ok(!found.path.split('/').includes('..'));
      }),
    );
  });

  it('E19: any content means what a regular expression makes of its lines', () => {
    const unit = fc.constantFrom(
      '0',
      '12',
      ':',
      ':',
      '/',
      '..',
      ',',
      'memory',
      'name=x',
      '\n',
      '-',
      '.',
      ' ',
      '\r',
      'é',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), content => {
        assert.deepEqual(find(content, '/root'), expected(content), JSON.stringify(content));
      }),
      { numRuns: 3000 },
    );
  });

  it('E19: a path that is not UTF-8 is not watched, and no other is taken for it', () => {
    for (const hierarchy of ['0::', '4:memory:'])
      assert.equal(findMemoryCgroup(Buffer.from(`${hierarchy}/a\xff/b\n`, 'latin1')), undefined);
  });

  it('E19: bytes that follow, or a beginning alone, do not change or invent a path', () => {
    assert.deepEqual(find(`${v1}0::`), find(v1));
    for (let end = 0; end < v1.indexOf('4:memory:/') + '4:memory:/'.length; end++)
      assert.equal(find(v1.slice(0, end)), undefined);
  });
});

function expected(content: string): ReturnType<typeof find> {
  const entries = content.split('\n').flatMap(line => {
    const match = /^(\d+):([\w=,.-]*):(\/.*)$/s.exec(line);
    return match ? [{ id: match[1]!, controllers: match[2]!, path: match[3]! }] : [];
  });
  const v1 = entries.find(({ controllers }) => controllers.split(',').includes('memory'));
  const found = v1 ?? entries.find(({ id, controllers }) => id === '0' && controllers === '');
  if (!found || found.path === '/' || found.path.split('/').includes('..')) return undefined;
  return v1
    ? { version: 1, path: `/root/${v1.controllers}${v1.path}` }
    : { version: 2, path: `/root${found.path}` };
}
