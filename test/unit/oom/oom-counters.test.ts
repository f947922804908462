import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasNewOom, noOoms, parseOomCounters } from '../../../src/oom/oom-counters.ts';
import { countOoms } from '../../../src/oom/watch-v1.ts';

const parse = (content: string) => parseOomCounters(Buffer.from(content));

describe('memory.events', () => {
  it('E20: oom and oom_kill are read, their neighbours are not', () => {
    const content = 'low 1\nhigh 2\nmax 30\noom 4\noom_kill 5\noom_group_kill 6\n';
    assert.deepEqual(parse(content), { oom: 4, oomKill: 5 });
    assert.deepEqual(parse('oom_kill 5\n'), { oom: 0, oomKill: 5 });
  });

  it('E20: what is no counter counts 0', () => {
    for (const content of [
      '',
      'oom',
      'oom \n',
      'oom x\n',
      'oom -1\n',
      'oom 1 2\n',
      'xoom 1\n',
      ' oom 1\n',
      'oom  1\n',
    ])
      assert.deepEqual(parse(content), noOoms, content);
  });

  it('E20: any counters in any order, with anything around them', () => {
    const line = fc.string().filter(text => !text.includes('oom') && !/[\n\r\u2028\u2029]/.test(text));
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.array(line), fc.array(line), (oom, oomKill, before, after) => {
        const lines = [...before, `oom_kill ${oomKill}`, ...after, `oom ${oom}`, ...before];
        assert.deepEqual(parse(`${lines.join('\n')}\n`), { oom, oomKill });
      }),
    );
  });

  it('E20: any content means what a regular expression makes of it', () => {
    const unit = fc.constantFrom(
      'oom',
      '_kill',
      'oom_kill ',
      'oom ',
      ' ',
      '\n',
      '\n',
      '0',
      '7',
      '12',
      '-',
      'x',
      '\0',
    );
    const read = (content: string, name: string) =>
      Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(content)?.[1] ?? 0);
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), content => {
        const counters = { oom: read(content, 'oom'), oomKill: read(content, 'oom_kill') };
        assert.deepEqual(parse(content), counters, JSON.stringify(content));
      }),
      { numRuns: 2000 },
    );
  });

  it('E20: a change of either counter is an OOM; none, or zero, is not', () => {
    assert.equal(hasNewOom(noOoms, noOoms), false);
    assert.equal(hasNewOom(noOoms, { oom: 1, oomKill: 0 }), true);
    assert.equal(hasNewOom({ oom: 1, oomKill: 0 }, { oom: 1, oomKill: 1 }), true);
    assert.equal(hasNewOom({ oom: 2, oomKill: 1 }, { oom: 2, oomKill: 1 }), false);
    assert.equal(hasNewOom({ oom: 2, oomKill: 1 }, noOoms), false);
  });
});

describe('events of a version 1 cgroup', () => {
  it('E23: while the cgroup is there all events are OOMs', () => {
    assert.equal(countOoms(1, false), 1);
    assert.equal(countOoms(3, false), 3);
  });

  it('E23: when it is gone one of them was its removal', () => {
    assert.equal(countOoms(0, true), 0);
    assert.equal(countOoms(1, true), 0);
    assert.equal(countOoms(2, true), 1);
  });
});
