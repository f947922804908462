import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { API } from 'typescript/unstable/sync';
import { findMutants } from '../../mutation/mutants.ts';

for (const [source, changed] of [
  ['x = a < b;', ['x = a <= b;', ';']],
  ['x = a === b && c;', ['x = a === b || c;', 'x = a !== b && c;', ';']],
  ['x = a + 1;', ['x = a - 1;', 'x = a;', ';']],
  ["x = a + 'text';", [';']],
  ['open(O_RDONLY | O_CLOEXEC);', ['open(O_RDONLY);', 'open(O_CLOEXEC);', ';']],
  ['if (!a) f();', ['if (false) f();', 'if (a) f();']],
  ['const x: A | B = true;', ['const x: A | B = false;']],
] as const)
  test(`mutants of: ${source}`, t => {
    const found = mutantsOf(t, source).map(
      ({ start, end, replacement }) => source.slice(0, start) + replacement + source.slice(end),
    );
    assert.deepEqual(found.toSorted(), [...changed].sort());
  });

test('mutants: a test runs with the change, and the file stays as it is', t => {
  const source = 'export const isLess = (a: number, b: number): boolean => a < b;';
  const dir = makeFolder(t, source);
  const [mutant] = mutantsOf(t, source);
  const url = pathToFileURL(join(dir, 'source.ts')).href;
  const run = (env: NodeJS.ProcessEnv) =>
    spawnSync(
      process.execPath,
      [
        ...('MUTANT' in env ? ['--import', join(import.meta.dirname, '../../mutation/apply-mutant.ts')] : []),
        ...['--input-type=module', '-e', `console.log((await import(${JSON.stringify(url)})).isLess(1, 1))`],
      ],
      { env: { ...process.env, ...env }, encoding: 'utf8' },
    ).stdout;
  assert.equal(run({}), 'false\n');
  assert.equal(run({ MUTANT: JSON.stringify({ ...mutant, url }) }), 'true\n');
});

function mutantsOf(t: TestContext, source: string) {
  const dir = makeFolder(t, source);
  const api = new API({ cwd: dir });
  const { program } = api.updateSnapshot({ openProjects: [join(dir, 'tsconfig.json')] }).getProjects()[0]!;
  const mutants = findMutants(program.getSourceFile(join(dir, 'source.ts'))!);
  api.close();
  return mutants;
}

function makeFolder(t: TestContext, source: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'mutants-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'source.ts'), source);
  writeFileSync(
    join(dir, 'tsconfig.json'),
    '{ "compilerOptions": { "noEmit": true, "module": "nodenext" } }',
  );
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
  return dir;
}
