// Who may import whom. A new folder of src/ has to be given its line here.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';

const src = join(import.meta.dirname, '../../../src');

/** The monitor's rooms: each knows the system calls, and none of its neighbours. */
const rooms = [
  ...['attach', 'control', 'exit', 'lifecycle', 'logs', 'messages', 'notify', 'oom', 'options', 'parent'],
  ...['runtime', 'stdio'],
];
/** Which folders the files of a folder may import from, besides their own. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['monitor', 'messages', 'options', 'parent', 'sys'],
  'stream-name.ts': [],
  monitor: [...rooms, 'sys', 'stream-name.ts'],
  ...Object.fromEntries(rooms.map(room => [room, ['sys', 'stream-name.ts']])),
  sys: [],
  launcher: [],
  engine: [],
  // What /proc says is the same for both programs on Node.js; the monitor takes nothing of node:.
  proc: [],
  manager: ['sys', 'proc'],
  hostrun: ['sys', 'proc'],
  cli: ['manager'],
};
/** The folders that become the monitor. */
const ofMonitor = ['main.ts', 'stream-name.ts', 'monitor', 'sys', ...rooms];

interface Source {
  /** Path from src/. */
  readonly path: string;
  readonly folder: string;
  /** Without its comments. */
  readonly code: string;
  /** What it imports: paths from src/, or the names of packages. */
  readonly imports: readonly string[];
}

const sources = readSources();
const monitorSources = sources.filter(({ folder }) => ofMonitor.includes(folder));

describe('imports', () => {
  it('every folder of src has its line in the table, and every line its folder', () => {
    assert.deepEqual([...new Set(readdirSync(src).map(String))].sort(), Object.keys(mayImport).sort());
  });

  it('run one way: main, monitor, rooms, sys; no room imports another', () => {
    const wrong = edges(sources).filter(
      ({ from, toFolder }) => toFolder !== from.folder && !mayImport[from.folder]!.includes(toFolder),
    );
    assert.deepEqual(wrong.map(describeEdge), []);
  });

  it('none comes back to the file that it starts from, be it for types only', () => {
    const targets = new Map(sources.map(({ path, imports }) => [path, imports]));
    const finished = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      assert.ok(!trail.includes(path), `a circle: ${[...trail, path].join(' -> ')}`);
      if (finished.has(path)) return;
      for (const to of targets.get(path) ?? []) if (targets.has(to)) visit(to, [...trail, path]);
      finished.add(path);
    };
    for (const { path } of sources) visit(path, []);
  });

  it('what every room may name is a type, and declared there alone', () => {
    const users = monitorSources.filter(({ imports }) => imports.includes('stream-name.ts'));
    assert.deepEqual([...new Set(users.map(({ folder }) => folder))].sort(), [
      'attach',
      'logs',
      'monitor',
      'stdio',
    ]);
    const declarations = monitorSources.filter(({ code }) => /'stdout' \| 'stderr'/.test(code));
    assert.deepEqual(
      declarations.map(({ path, code }) => [path, code.trim()]),
      [['stream-name.ts', "export type StreamName = 'stdout' | 'stderr';"]],
    );
  });

  it('nothing imports the manager but the command line', () => {
    const importers = edges(sources).filter(({ toFolder }) => toFolder === 'manager');
    assert.deepEqual([...new Set(importers.map(({ from }) => from.folder))].sort(), ['cli', 'manager']);
  });

  it('the monitor takes nothing of node: and no package', () => {
    const wrong = monitorSources.flatMap(({ path, imports }) =>
      imports.filter(to => !to.endsWith('.ts')).map(to => `${path} -> ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('only main opens the real Sys for the monitor, and the scripted one is for tests alone', () => {
    const importersOf = (file: string) =>
      sources.filter(({ imports }) => imports.includes(file)).map(({ path }) => path);
    assert.deepEqual(
      importersOf('sys/real.ts').filter(path => monitorSources.some(source => source.path === path)),
      ['main.ts'],
    );
    assert.deepEqual(importersOf('sys/scripted.ts'), []);
    assert.deepEqual(importersOf('sys/argument-kinds.ts'), ['sys/scripted.ts']);
  });

  it('every file that has an import was read with it', () => {
    const unread = sources.filter(
      ({ code, imports }) => /\bimport\b.*['"]/.test(code) && imports.length === 0,
    );
    assert.deepEqual(
      unread.map(({ path }) => path),
      [],
    );
    assert.ok(edges(monitorSources).length > 150);
  });
});

describe('engine', () => {
  it('nothing of the monitor ends the process but main, once', () => {
    const exits = monitorSources.flatMap(({ path, code }) =>
      [...code.matchAll(/\b(?:sys|process)\.(?:exit|abort|reallyExit)\b/g)].map(
        ([text]) => `${path}: ${text}`,
      ),
    );
    assert.deepEqual(exits, ['main.ts: sys.exit']);
  });

  it("the monitor uses no event loop, timer, promise or stream of the engine's", () => {
    const engines =
      /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|Promise|async|await|require)\b|\bprocess\.(?:on|once|nextTick|stdin|stdout|stderr|kill|env|chdir)\b/g;
    const uses = monitorSources.flatMap(({ path, code }) =>
      [...code.matchAll(engines)].map(([text]) => `${path}: ${text}`),
    );
    assert.deepEqual(uses, []);
  });
});

interface Edge {
  readonly from: Source;
  readonly to: string;
  readonly toFolder: string;
}

/** The imports from one of our files to another. */
function edges(from: readonly Source[]): Edge[] {
  return from.flatMap(source =>
    source.imports
      .filter(to => to.endsWith('.ts'))
      .map(to => ({ from: source, to, toFolder: to.split('/')[0]! })),
  );
}

function describeEdge({ from, to }: Edge): string {
  return `${from.path} -> ${to}`;
}

function readSources(): Source[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => {
      const code = stripComments(readFileSync(join(src, path), 'utf8'));
      const specifiers = [...code.matchAll(/\bfrom\s+'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g)];
      const imports = specifiers.map(([, from, bare]) => resolve(path, (from ?? bare)!));
      return { path, folder: path.split('/')[0]!, code, imports };
    });
}

function resolve(importer: string, specifier: string): string {
  return specifier.startsWith('.') ? normalize(join(dirname(importer), specifier)) : specifier;
}

/** Leaves a string alone that has a comment's beginning in it, such as an address. */
function stripComments(text: string): string {
  return text.replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, part =>
    part.startsWith('/') ? '' : part,
  );
}
