// What of the language the monitor is written in. Its engine has no parsers of regular expressions, JSON or dates, no
// promises, and none of Node's globals: what others write is read by functions of ours, byte by byte. The executable's
// build finds out too, but later, and in words that say less.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is about code, which is text here

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, it } from 'node:test';
import { createScanner } from 'typescript/unstable/ast/scanner';

const src = join(import.meta.dirname, '../../../src');

/** Not in the engine, or a way to a parser of its. */
const forbiddenNames = new Set([
  ...['Buffer', 'TextEncoder', 'TextDecoder', 'RegExp', 'JSON', 'Date', 'Intl', 'BigInt', 'BigInt64Array'],
  ...['BigUint64Array', 'parseInt', 'parseFloat', 'eval', 'Function', 'console', 'Promise', 'async', 'await'],
  ...['yield', 'Proxy', 'Reflect', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry', 'Atomics'],
  ...['SharedArrayBuffer', 'structuredClone', 'queueMicrotask', 'setTimeout', 'setInterval', 'setImmediate'],
  ...['globalThis', 'require', 'URL', 'Temporal', 'Iterator', 'process', 'meta'],
]);
/** The same of members: newer than the engine, or with a regular expression, a locale or chance behind them. The last
 * ones make strings of bytes that need not be text. */
const forbiddenMembers = new Set([
  ...['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with', 'fromAsync'],
  ...['hasOwn', 'groupBy', 'match', 'matchAll', 'search', 'replaceAll', 'localeCompare', 'normalize'],
  ...['isWellFormed', 'toWellFormed', 'toLocaleString', 'toLocaleLowerCase', 'toLocaleUpperCase', 'random'],
  ...['parseInt', 'parseFloat', 'getBigInt64', 'getBigUint64', 'setBigInt64', 'setBigUint64', 'cause'],
  ...['transfer', 'fromBase64', 'fromHex', 'toBase64', 'toHex', 'captureStackTrace', 'meta'],
  ...['fromCharCode', 'fromCodePoint'],
]);

/** Where the source runs as it is, under Node.js, some of it has to be said by Node.js. */
const allowed: readonly string[] = [
  'sys/text.ts: TextEncoder',
  'sys/text.ts: TextDecoder',
  'sys/constants.ts: process',
  'main.ts: process',
];
/** Loads the addon, for Node.js. The executable has it from the start, and runs nothing of this file. */
const ofNode = 'sys/load-addon.ts';

describe('language', () => {
  it('the monitor uses no more of it than its engine has', () => {
    const uses = closureOf('main.ts')
      .filter(path => path !== ofNode)
      .flatMap(path => findForbidden(read(path)).map(what => `${path}: ${what}`));
    assert.deepEqual(
      uses.filter(use => !allowed.includes(use)),
      [],
    );
    assert.deepEqual([...new Set(uses)].sort(), [...allowed].sort(), 'what is allowed and not used');
  });

  it('all that main imports was looked at', () => {
    const closure = closureOf('main.ts');
    assert.ok(closure.length > 70, `${closure.length} files`);
    for (const path of ['monitor/monitor.ts', 'logs/fill-lines.ts', 'sys/text.ts'])
      assert.ok(closure.includes(path));
  });

  for (const [code, what] of [
    ['const x = /a/;', 'a regular expression'],
    ['x = a / b; y = `${/[`/]/.exec(z)}`', 'a regular expression'],
    ["const s = 'it'; return /x/g.test(s)", 'a regular expression'],
    ['if (x) f(a, /\\//)', 'a regular expression'],
    ['const x = 1n', 'a BigInt'],
    ['const x = 0xffn', 'a BigInt'],
    ['const x = +text', 'a unary plus'],
    ['f(a, +b)', 'a unary plus'],
    ['return +b', 'a unary plus'],
    ['const n = Number(text)', 'Number as a function'],
    ['list.map(Number)', 'Number as a function'],
    ['function* f() {}', 'a generator'],
    ['class A { *f() {} }', 'a generator'],
    ['if (#x in a) {}', '#x in'],
    ['class A { static { f(); } }', 'a static block'],
    ['const s = `${JSON.stringify(x)}`', 'JSON'],
    ['const s = `a${`b${Date}`}c`', 'Date'],
    ['new Error(x, { cause })', 'cause'],
    ['values.at(-1)', 'at'],
    ['values?.findLast(f)', 'findLast'],
    ['const { hasOwn } = Object', 'hasOwn'],
    ['async () => {}', 'async'],
    ['import.meta.dirname', 'meta'],
    ["const b = globalThis['Buffer']", 'globalThis'],
  ] as const)
    it(`finds ${what} in: ${code}`, () =>
      assert.ok(findForbidden(code).includes(what), findForbidden(code).join()));

  for (const code of [
    '// a /regexp/ and JSON.parse in a comment, await',
    "const s = 'JSON /x/ +b 1n'; /* Date */",
    'const t = `JSON /x/ ${a / b / c} Date ${(a + b) / c}`',
    'const x = a / b / c; const y = (a) / b; const z = l[0] / 2 / n',
    'x += +1 - 1 + -y; i++; ++i; a = b + (c + d) + e[1] + 2',
    'const max = Number.MAX_SAFE_INTEGER; if (Number.isInteger(x)) {}',
    'const at = 1; const start = { at, from: at }; x.at = at',
    'a = b * c; class A { f() { return this.#x * 2; } static x = 1; }',
    'for (const name in names) {}',
    'a = l[0]! / 2 / l[1]!; b = l[0]! + (!c ? 1 : 2)',
  ])
    it(`finds nothing in: ${code}`, () => assert.deepEqual(findForbidden(code), []));
});

function findForbidden(code: string): string[] {
  const tokens = scan(code);
  return tokens.flatMap((_, i) => judge(tokens, i) ?? []);
}

function judge(tokens: readonly string[], i: number): string | undefined {
  const [token, previous, next] = [tokens[i]!, tokens[i - 1] ?? '', tokens[i + 1] ?? ''];
  const isMember = previous === '.' || previous === '?.';
  if (token.startsWith('/') && token !== '/' && token !== '/=') return 'a regular expression';
  if (/^[0-9].*n$/.test(token)) return 'a BigInt';
  if (token === '+' && !endsOperand(tokens, i - 1) && !/^[0-9]/.test(next)) return 'a unary plus';
  if (token === 'Number' && !isMember && next !== '.') return 'Number as a function';
  if (token === '*' && ['function', '{', '}', ';', ','].includes(previous)) return 'a generator';
  if (token.startsWith('#') && next === 'in') return '#x in';
  if (token === 'static' && next === '{') return 'a static block';
  if (isMember ? isForbiddenMember(token, next) : forbiddenNames.has(token)) return token;
  return isTakenOut(token, previous, next) ? token : undefined;
}

/** A field of ours may be called `at`; what is called is a method. */
function isForbiddenMember(token: string, next: string): boolean {
  return forbiddenMembers.has(token) && (token !== 'at' || next === '(');
}

/** `const { hasOwn } = Object`, or `{ cause }`. */
function isTakenOut(token: string, previous: string, next: string): boolean {
  if (token === 'at' || !forbiddenMembers.has(token)) return false;
  return ['{', ','].includes(previous) && [':', ',', '}'].includes(next);
}

/** Whether an operator may follow: behind a name, a literal, what closes an expression, or the `!` of a type. */
function endsOperand(tokens: readonly string[], i: number): boolean {
  const token = tokens[i] ?? '';
  if (token === '!') return endsOperand(tokens, i - 1);
  if (operandKeywords.has(token) || token.endsWith('${')) return false;
  return /^[\w$#'"`]|[)\]}`]$|^(?:\+\+|--)$/.test(token);
}

const operandKeywords = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'throw',
  'new',
]);

/** The tokens of a source, without comments. Where a `/` or a `}` can be two things, the scanner is told which. */
function scan(code: string): string[] {
  const scanner = createScanner(true);
  scanner.setText(code);
  const tokens: string[] = [];
  /** For each brace that is open, whether it belongs to a template. */
  const braces: boolean[] = [];
  for (;;) {
    scanner.scan();
    const beginning = scanner.getTokenText();
    if (beginning === '') return tokens;
    if (['/', '/='].includes(beginning) && !endsOperand(tokens, tokens.length - 1))
      scanner.reScanSlashToken();
    if (beginning === '{') braces.push(false);
    if (beginning === '}' && braces.pop()) scanner.reScanTemplateToken(false);
    const token = scanner.getTokenText();
    if (token.endsWith('${')) braces.push(true);
    tokens.push(token);
  }
}

/** The file and all that it imports, as paths from src/. */
function closureOf(path: string, known = new Set<string>()): string[] {
  if (known.has(path)) return [];
  known.add(path);
  const imports = scan(read(path)).filter(
    (token, i, tokens) => tokens[i - 1] === 'from' && token.startsWith("'"),
  );
  for (const specifier of imports) closureOf(normalize(join(dirname(path), specifier.slice(1, -1))), known);
  return [...known];
}

function read(path: string): string {
  return readFileSync(join(src, path), 'utf8');
}
