import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findUnusedMembers } from '../../../scripts/unused-members.ts';

test('unused members: one that only tests read is found, in a class, an interface and an object type', t => {
  const unused = find(t, {
    'src/main.ts': `
      class Pipe { get fd() { return 1; } close() {} }
      interface Options { readonly level: string; readonly name: string }
      type Size = { readonly rows: number; readonly columns: number };
      export function run(pipe: Pipe, { name }: Options, size: Size) {
        pipe.close();
        return [name, size['rows']];
      }
      export { Pipe };`,
    'test/main.test.ts': `import { Pipe } from '../src/main.ts'; new Pipe().fd;`,
  });
  assert.deepEqual(unused, [
    'src/main.ts:2 Pipe.fd',
    'src/main.ts:3 Options.level',
    'src/main.ts:4 Size.columns',
  ]);
});

test('unused members: one that is only written to is found', t => {
  const unused = find(t, {
    'src/main.ts': `
      export class Count { total = 0; last = 0; add(n: number) { this.total += n; this.last = n; return this.total; } }
      new Count().add(1);`,
  });
  assert.deepEqual(unused, ['src/main.ts:2 Count.last']);
});

test('unused members: one that is read through another type of the same shape is used', t => {
  const unused = find(t, {
    'src/main.ts': `
      interface Sink { write(text: string): void }
      class File { write(text: string) { return text; } seek() {} }
      class Pipe { write(count: number) { return count; } }
      const sinks: Sink[] = [new File()];
      for (const sink of sinks) sink.write('');
      export { Pipe };`,
  });
  assert.deepEqual(unused, ['src/main.ts:3 File.seek', 'src/main.ts:4 Pipe.write']);
});

test('unused members: an interface of the library, an override and what is read elsewhere are used', t => {
  const unused = find(t, {
    'src/index.ts': `export type { State } from './state.ts';`,
    'src/state.ts': `
      export interface State { readonly pid: number }
      export class Mistake extends Error { override readonly name = 'Mistake'; readonly code = 1; }
      export interface Plan { readonly argv: string[] }`,
  });
  assert.deepEqual(unused, ['src/state.ts:3 Mistake.code']);
});

function find(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'unused-members-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const compilerOptions = {
    noEmit: true,
    allowImportingTsExtensions: true,
    module: 'nodenext',
    strict: true,
  };
  const written = {
    ...files,
    'tsconfig.json': JSON.stringify({ compilerOptions }),
    'package.json': '{"type":"module"}',
  };
  for (const [name, text] of Object.entries(written)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const exemptions = {
    apis: ['src/index.ts'].filter(name => name in files),
    tests: ['test/'],
    readElsewhere: ['Plan'],
  };
  return findUnusedMembers(folder, exemptions).map(({ place, name }) => `${place} ${name}`);
}
