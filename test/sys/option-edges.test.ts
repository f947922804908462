// Every numeric option at the edges of its range: what is accepted is carried out, and nothing of it is cut or wrapped
// on its way to the kernel.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OptionEntry, optionTable } from '../../src/options/table.ts';
import { SIGKILL } from '../../src/sys/constants.ts';
import { Refusal } from '../../src/sys/errors.ts';
import { create, exited, Life } from './monitor-life.ts';

const secondsMax = 2 ** 31 - 1;
const edges = {
  int: [-(2 ** 31), -1, 0, 1, 2_147_483, 2_147_484, secondsMax].map(String),
  int64: [`${-(2n ** 63n)}`, '-1', '0', '1', '2147483648', '4294967296', `${2n ** 53n}`, `${2n ** 63n - 1n}`],
};
const numeric = (optionTable as readonly OptionEntry[]).filter(
  (entry): entry is OptionEntry & { kind: 'int' | 'int64' } => entry.kind === 'int' || entry.kind === 'int64',
);

describe('numeric options', () => {
  for (const { long, kind } of numeric)
    for (const value of edges[kind])
      it(`--${long} ${value}: is refused, or the container’s whole life is as without it`, () => {
        const life = new Life([...create, `--${long}=${value}`]);
        life
          .turn(life.runtimeEnds())
          .turn(life.says('stdout', 'hello\n'))
          .turn(life.containerEnds(exited(3)));
        let status: number;
        try {
          status = life.run();
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
          return;
        }
        assert.equal(status, 3);
        assert.deepEqual(life.messages, []);
        assert.equal(life.files['/exits/id'], '3');
        assert.equal(life.spawned.at(-1)!.file, '/cleanup');
      });

  for (const seconds of [2_147_483, 2_147_484, secondsMax]) {
    it(`--timeout ${seconds}: the container is killed after that time, and not before`, () => {
      const life = new Life([...create, '--timeout', `${seconds}`]);
      const [before] = life.sys.monotonic;
      let killedAt = 0;
      life.sys.always('kill', () => {
        killedAt = life.sys.monotonic[0];
        life.turn(life.containerEnds(SIGKILL));
        return 0;
      });
      life.turn(life.runtimeEnds());
      assert.equal(life.run(), 255);
      assert.equal(killedAt - before, seconds);
      assert.equal(life.files['/exits/id'], '-1');
      assert.deepEqual(life.messages, ['info: Timed out, killing the container']);
    });

    it(`--exit-delay ${seconds}: the exit command is run after that time, and not before`, () => {
      const life = new Life([...create, '--exit-delay', `${seconds}`]);
      const [before] = life.sys.monotonic;
      life.turn(life.runtimeEnds()).turn(life.containerEnds(exited(3)));
      assert.equal(life.run(), 3);
      assert.equal(life.sys.monotonic[0] - before, seconds);
      assert.equal(life.spawned.at(-1)!.file, '/cleanup');
      assert.deepEqual(life.messages, []);
    });
  }
});
