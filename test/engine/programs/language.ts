// What the monitor's code relies on of its language, and where engines are known to go wrong. Says `name: answer` for
// each; a name says what is looked at. Only what src/ may use: see test/unit/architecture/language.test.ts.

export function tell(say: (line: string) => void): void {
  for (const [name, ask] of questions) {
    let answer: string;
    try {
      answer = words(ask());
    } catch (error) {
      answer = `throws ${error instanceof Error ? error.name : String(error)}`;
    }
    say(`${name}: ${answer}`);
  }
}

const questions: [name: string, ask: () => unknown][] = [];

function ask(name: string, question: () => unknown): void {
  questions.push([name, question]);
}

/** The same words for the same value, without the engine's help. */
function words(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return value === 0 && 1 / value < 0 ? '-0' : String(value);
  if (typeof value === 'string') return `'${value.split('\n').join('\\n')}'`;
  if (typeof value === 'function') return `function ${value.name}/${value.length}`;
  if (Array.isArray(value)) {
    const parts: string[] = [];
    for (let i = 0; i < value.length; i++) parts.push(i in value ? words(value[i]) : 'hole');
    return `[${parts.join(',')}]`;
  }
  if (value instanceof Uint8Array || value instanceof Int32Array || value instanceof Float64Array) {
    const parts: string[] = [];
    for (const each of value) parts.push(words(each));
    return `${value.constructor.name}[${parts.join(',')}]`;
  }
  if (value instanceof Map) return `Map${words([...value])}`;
  if (value instanceof Set) return `Set${words([...value])}`;
  const object = value as Record<string, unknown>;
  return `{${Object.keys(object)
    .map(key => `${key}:${words(object[key])}`)
    .join(',')}}`;
}

// --- classes -------------------------------------------------------------------------------------------------------

class Counter {
  static made = 0;
  static readonly #limit = 3;
  readonly name: string;
  #count = 0;
  #log: string[] = [];
  bound = () => this.#count;

  constructor(name: string) {
    this.name = name;
    Counter.made++;
  }

  static #clamp(count: number): number {
    return Math.min(count, Counter.#limit);
  }

  static limit(): number {
    return Counter.#limit;
  }

  get count(): number {
    this.#log.push('get');
    return this.#count;
  }

  set count(count: number) {
    this.#log.push(`set ${count}`);
    this.#count = Counter.#clamp(count);
  }

  get #log2(): string {
    return this.#log.join(' ');
  }

  add(): this {
    this.#count++;
    this.#extend(1)?.push('last');
    return this;
  }

  #extend(n: number): string[] | undefined {
    if (this.#count > 1) return undefined;
    this.#log.push(`extend ${n}`);
    return this.#log;
  }

  report(): string {
    return `${this.name} ${this.#count} ${this.#log2}`;
  }

  countOf(other: Counter): number {
    return other.#count;
  }
}

class Loud extends Counter {
  override readonly name: string;
  readonly extra: string = 'extra';

  constructor() {
    super('quiet');
    this.name = 'loud';
  }

  override add(): this {
    super.add();
    return super.add();
  }

  override get count(): number {
    return super.count * 10;
  }

  override set count(count: number) {
    super.count = count + 1;
  }
}

class WorldError extends Error {
  readonly errno: number;

  constructor(message: string, errno: number) {
    super(message);
    this.name = 'WorldError';
    this.errno = errno;
  }
}

ask('private fields, methods and accessors', () => {
  const counter = new Counter('c').add().add();
  counter.count = 9;
  return [counter.report(), counter.count, counter.report(), counter.countOf(new Counter('d').add())];
});
ask('private methods called in any order', () => new Counter('x').add().add().add().report());
ask('an arrow function in a field keeps its object', () => {
  const { bound } = new Counter('b').add();
  return bound();
});
ask('static fields and methods', () => [Counter.limit(), Counter.made > 0, typeof Counter.made]);
ask('a private field of another class is refused', () => new Counter('c').countOf({} as Counter));
ask('inheritance, super in methods and accessors', () => {
  const loud = new Loud();
  loud.add();
  loud.count = 1;
  return [loud.report(), loud.count, loud.extra, loud instanceof Counter, loud.constructor.name];
});
ask('order in which fields are initialised', () => {
  const order: string[] = [];
  const note = (what: string) => order.push(what);
  class Base {
    a = note('a');
    constructor() {
      note('base');
    }
  }
  class Derived extends Base {
    b = note('b');
    constructor() {
      note('before');
      super();
      note('after');
    }
  }
  new Derived();
  return order;
});
ask('fields that hide those of the base class', () => {
  class Base {
    value = 1;
    seen = this.value;
  }
  class Derived extends Base {
    override value = 2;
  }
  const derived = new Derived();
  return [derived.value, derived.seen];
});
ask('errors: name, message, errno, class', () => {
  const error = new WorldError('no', -5);
  return [
    error.name,
    error.message,
    error.errno,
    error instanceof WorldError,
    error instanceof Error,
    `${error}`,
    typeof error.stack,
  ];
});
ask('computed and numeric member names', () => {
  const name = 'b';
  const object = {
    2: 'two',
    [`${name}1`]: 1,
    1: 'one',
    a: 0,
    get [name]() {
      return 'got';
    },
  };
  return object;
});
ask('a class used before its line', () => {
  const make = () => new Later();
  class Later {}
  return make() instanceof Later;
});
ask('a constant used before its line', () => {
  const read = () => later;
  const early = (): unknown => {
    try {
      return read();
    } catch (error) {
      return (error as Error).name;
    }
  };
  const first = early();
  const later = 5;
  return [first, early()];
});

// --- control flow ---------------------------------------------------------------------------------------------------

ask('finally: order, and what it changes', () => {
  const order: string[] = [];
  const run = (how: string): string => {
    for (let i = 0; i < 3; i++) {
      try {
        order.push(`${how}${i}`);
        if (how === 'return') return 'returned';
        if (how === 'continue') continue;
        if (how === 'break') break;
        if (how === 'throw') throw new Error('thrown');
      } catch (error) {
        order.push((error as Error).message);
        return 'caught';
      } finally {
        order.push('finally');
      }
    }
    return 'end';
  };
  return [run('return'), run('continue'), run('break'), run('throw'), order];
});
ask('finally that returns over an exception', () => {
  const run = () => {
    try {
      throw new Error('lost');
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what is looked at
      return 'kept';
    }
  };
  return run();
});
ask('an exception through several finally, with its first cause', () => {
  const order: string[] = [];
  const inner = () => {
    try {
      throw new WorldError('first', -1);
    } finally {
      order.push('inner');
    }
  };
  try {
    try {
      inner();
    } finally {
      order.push('outer');
    }
  } catch (error) {
    order.push((error as WorldError).message);
  }
  return order;
});
ask('finally in a loop in a function that is called by a finally', () => {
  let text = '';
  const each = (n: number) => {
    try {
      if (n === 0) return;
      each(n - 1);
    } finally {
      text += n;
    }
  };
  each(5);
  return text;
});
ask('an exception from a callback of a method of arrays', () => {
  const seen: number[] = [];
  try {
    [1, 2, 3].map(n => {
      seen.push(n);
      if (n === 2) throw new RangeError('stop');
      return n;
    });
  } catch (error) {
    return [seen, (error as Error).name];
  }
  return 'none';
});
ask('labelled loops', () => {
  const seen: string[] = [];
  outer: for (let i = 0; i < 4; i++) {
    for (let j = 0; j < 4; j++) {
      if (j === 2) continue outer;
      if (i === 3) break outer;
      seen.push(`${i}${j}`);
    }
  }
  return seen;
});
ask('closures over variables of loops', () => {
  const readers: (() => number)[] = [];
  for (let i = 0; i < 3; i++) readers.push(() => i);
  for (const i of [10, 20]) readers.push(() => i);
  for (let i = 0; i < 2; i++) {
    readers.push(() => i);
    i += 5;
  }
  return readers.map(read => read());
});
ask('closures share what they capture', () => {
  let value = 0;
  const [add, read] = [() => ++value, () => value];
  add();
  add();
  return [read(), value];
});
ask('switch: several cases together, default, scope', () => {
  const run = (n: number) => {
    switch (n) {
      case 1:
      case 2: {
        const few = 'few';
        return few;
      }
      case 3:
        return 'three';
      default:
        return 'many';
    }
  };
  return [run(1), run(2), run(3), run(4), run(Number.NaN)];
});
ask('for-of ends what it goes through when it is left', () => {
  const order: string[] = [];
  function* numbers() {
    try {
      yield 1;
      yield 2;
      yield 3;
    } finally {
      order.push('ended');
    }
  }
  for (const n of numbers()) {
    order.push(String(n));
    if (n === 2) break;
  }
  return order;
});
ask('generators: values in, values out, delegation', () => {
  function* inner(): Generator<number, string, number> {
    const got = yield 1;
    return `got ${got}`;
  }
  function* outer(): Generator<number | string, string, number> {
    const answer = yield* inner();
    yield answer;
    return 'end';
  }
  const run = outer();
  return [run.next(0).value, run.next(7).value, run.next(0).value, run.next(0).done];
});
ask('do, while, for without parts, comma', () => {
  let n = 0;
  do n++;
  while (n < 3);
  for (;;) if (++n > 6) break;
  let m = 0;
  for (let i = 0, j = 10; i < j; i++, j--) m += j - i;
  return [n, m];
});

// --- destructuring, spread, operators ---------------------------------------------------------------------------------

ask('destructuring: defaults, nesting, rest, holes, swaps', () => {
  const {
    a,
    b: { c = 5, ...others } = { c: undefined, d: 1, e: 2 },
    f = a,
  } = { a: 1 } as {
    a: number;
    b?: { c?: number; d: number; e: number };
    f?: number;
  };
  const [first, , third = 'none', ...rest] = [1, 2, undefined, 4, 5];
  let [x, y] = [1, 2];
  [x, y] = [y, x];
  return [a, c, others, f, first, third, rest, x, y];
});
ask('destructuring in parameters and loops', () => {
  const add = ({ x = 1, y = 2 }: { x?: number; y?: number } = {}, [z] = [3]) => x + y + (z ?? 0);
  const sums: number[] = [];
  for (const [key, { n }] of Object.entries({ p: { n: 1 }, q: { n: 2 } })) sums.push(n + key.length);
  return [add(), add({ x: 10 }), add({}, [0]), sums];
});
ask('defaults are evaluated at each call, from left to right', () => {
  const order: string[] = [];
  const note = (what: string) => {
    order.push(what);
    return what;
  };
  const run = (a = note('a'), b = note(`${a}b`)) => a + b;
  return [run(), run('x'), run(undefined, 'y'), order, run.length];
});
ask('spread of arrays, strings, sets and objects', () => {
  const many = [...[1, 2], ...'ab', ...new Set([3, 3, 4])];
  const one = { a: 1, b: 2 };
  return [many, { ...one, b: 3, ...(undefined as object | undefined) }, Math.max(...[1, 5, 3])];
});
ask('optional chaining stops where it must, and calls', () => {
  const object: { a?: { b?: () => string }; list?: number[] } = { a: { b: () => 'called' } };
  const nothing: { a?: { b?: () => string }; list?: number[] } = {};
  let touched = 0;
  const touch = () => ++touched;
  const answers = [
    object.a?.b?.(),
    nothing.a?.b?.(),
    nothing.list?.[touch()],
    object.list?.length,
    nothing.a?.b?.().length,
  ];
  return [answers, touched];
});
ask('??, ??=, ||=, &&= evaluate only what they need', () => {
  let evaluated = 0;
  const next = () => ++evaluated;
  const object: { a: number | undefined; b: number; c: number } = { a: undefined, b: 0, c: 3 };
  object.a ??= next();
  object.a ??= next();
  object.b ||= next();
  object.c &&= next();
  const [none, zero, empty]: unknown[] = [null, 0, ''];
  return [object, evaluated, none ?? 'x', zero ?? 'x', empty || 'x'];
});
ask('order of evaluation in calls and assignments', () => {
  const order: string[] = [];
  const note = <T>(what: string, value: T): T => {
    order.push(what);
    return value;
  };
  const list = [0, 0];
  note('object', list)[note('index', 1)] = note('value', 5);
  let at = 0;
  list[at++] = at;
  return [order, list, at];
});
ask('the same names in inner blocks', () => {
  const value = 'outer';
  {
    const value = 'inner';
    if (value !== 'inner') return 'wrong';
  }
  return value;
});
ask('typeof, in, delete, void', () => {
  const object: { a?: number; b?: number } = { a: 1, b: undefined as unknown as number };
  const before = ['a' in object, 'b' in object, 'c' in object];
  delete object.a;
  return [
    before,
    'a' in object,
    typeof undefined,
    typeof null,
    typeof (() => 0),
    typeof Symbol.iterator,
    void 0,
  ];
});
ask('template texts', () => `${1}${'a'}${[1, 2]}${null}${undefined}${true}${1.5}\n\u{41}`);

// --- numbers -----------------------------------------------------------------------------------------------------------

ask('numbers as texts', () =>
  [
    0,
    -0,
    1,
    -1,
    0.1,
    0.1 + 0.2,
    1e21,
    1e20,
    1e-6,
    1e-7,
    2 ** 53,
    2 ** 31,
    -(2 ** 31),
    1 / 3,
    5e-324,
    1.7976931348623157e308,
  ].map(String),
);
ask('integers up to 2^53', () => {
  const large = Number.MAX_SAFE_INTEGER;
  return [large, large - 1, large % 10, Math.floor(large / 4096), large * 2, -large, 4294967296 * 4096 + 1];
});
ask('time in nanoseconds out of seconds and nanoseconds', () => {
  const [seconds, nanoseconds] = [1_700_000_000, 123_456_789];
  return [
    seconds * 1000 + nanoseconds / 1e6,
    Math.trunc(nanoseconds / 1000),
    (seconds % 86400) * 1e9 + nanoseconds,
  ];
});
ask('32 bits: shifts, signs, wraps', () => [
  ...[1 << 31, (1 << 31) >>> 0, -1 >>> 0, -1 >>> 28, -8 >> 1, 1 << 32, 5 & -2, 5 | -8, 5 ^ -1, ~7],
  ...[(2 ** 32) | 0, (2 ** 32 + 5) | 0, (2 ** 31) | 0, -(2 ** 33) >> 0, 1.9 | 0, -1.9 | 0, Number.NaN | 0],
  ...[Math.imul(0xffffffff, 5), Math.imul(1664525, 1013904223)],
]);
ask('integers that become floats, and floats that become integers', () => {
  let n = 2147483646;
  n++;
  n++;
  n++;
  let m = -2147483647;
  m -= 2;
  let product = 65536;
  product *= 65536;
  return [n, m, product, 2147483647 + 1, -2147483648 - 1, 46341 * 46341, -(-2147483648), 0 * -1, 7 / 7];
});
ask('division and remainder', () => [
  7 / 2,
  -7 / 2,
  7 % 3,
  -7 % 3,
  7 % -3,
  5.5 % 2,
  1 / 0,
  -1 / 0,
  0 / 0,
  5 % 0,
  -0 % 5,
  2147483648 % 3,
  2 ** 53 % 3,
]);
ask('rounding', () => [
  Math.trunc(-1.5),
  Math.floor(-1.5),
  Math.ceil(-1.5),
  Math.round(-1.5),
  Math.round(2.5),
  Math.abs(-3),
  Math.ceil(-0.2),
  Math.round(0.49999999999999994),
]);
ask('min and max of nothing, of NaN and of zeroes', () => [
  Math.min(),
  Math.max(),
  Math.max(1, Number.NaN),
  Math.max(-0, 0),
  Math.min(0, -0),
  Math.min(3, 1, 2),
]);
ask('comparisons', () => {
  const [nan, zero, minusZero]: number[] = [Number.NaN, 0, -0];
  const [nothing, none]: unknown[] = [undefined, null];
  return [
    ...[nan === [nan][0], nan! < 1, 1 < nan!, zero === minusZero, none === nothing],
    ...['a' < 'b', 'a' < 'B', '10' < '9', [1].includes(1), [nan].includes(nan), [nan].indexOf(nan)],
  ];
});
ask('numbers in other bases, padded', () => [
  (255).toString(16),
  (8).toString(8).padStart(4, '0'),
  (-255).toString(2),
  (2 ** 40).toString(36),
  '7'.padStart(3),
  '7'.padEnd(3, 'ab'),
  'long'.padStart(2),
]);
ask('numbers that are no integers as indices', () => {
  const list = ['a', 'b'] as string[] & Record<string, string>;
  return [list[1.5 as number], list['1' as unknown as number], list[-1], list[2 ** 32]];
});
ask('exponents', () => [2 ** 10, 2 ** -1, (-2) ** 3, 2 ** 0.5, 10 ** 15, 2 ** 1023 * 2]);

// --- texts -------------------------------------------------------------------------------------------------------------

ask('slice, indexOf, lastIndexOf, includes, startsWith, endsWith', () => {
  const text = 'abcabc';
  return [
    text.slice(1, -1),
    text.slice(-2),
    text.slice(4, 2),
    text.indexOf('c', 3),
    text.lastIndexOf('b'),
    text.indexOf('x'),
    text.indexOf(''),
    text.includes('ca'),
    text.startsWith('bc', 1),
    text.endsWith('abc'),
  ];
});
ask('split and join', () => [
  'a,b,,c'.split(','),
  ''.split(','),
  'abc'.split(''),
  ','.split(','),
  ['a', undefined, null, 1].join('-'),
  [].join(),
]);
ask('replacing a text by a text', () => [
  'a-b-c'.replace('-', '+'),
  'abc'.replace('x', 'y'),
  'a.b'.replace('.', '$$'),
]);
ask('codes of characters, and characters of codes', () => [
  'é€'.charCodeAt(1),
  'a'.charCodeAt(5),
  String.fromCharCode(0x41, 0x20ac, 0xd83d, 0xde00),
  '😀'.length,
  [...'a😀b'].length,
]);
ask('lone surrogates stay what they are', () => {
  const text = `a${String.fromCharCode(0xd800)}b`;
  return [
    text.length,
    text.charCodeAt(1),
    text === `a${String.fromCharCode(0xd800)}b`,
    (text + String.fromCharCode(0xdc00)).length,
  ];
});
ask('NUL in a text', () => [
  'a\0b'.length,
  'a\0b'.indexOf('\0'),
  'a\0b'.split('\0').length,
  'a\0' < 'a\u0001',
]);
ask('lower case', () => ['ABCxyz019_-É'.toLowerCase(), 'ÀİΣ'.toLowerCase().length]);
ask('a text put together piece by piece', () => {
  let text = '';
  for (let i = 0; i < 2000; i++) text += i % 10;
  const copy = text;
  text += 'end';
  return [text.length, copy.length, text.slice(-5), copy.slice(-3), text.slice(0, 2000) === copy];
});
ask('texts of bytes and of wide characters together', () => {
  let text = 'a';
  const first = text;
  text += '€';
  text += 'b';
  return [text, first, text.length, `${first}${text}`.length];
});
ask('texts as names of members, also numbers and names of methods', () => {
  const object: Record<string, number> = { '01': 1, 1: 2, constructor: 3, __own: 4, toString: 5 };
  return [Object.keys(object), object['1'], object.constructor, object.toString];
});

// --- arrays ------------------------------------------------------------------------------------------------------------

ask('a sort keeps the order of what is equal', () => {
  const list = Array.from({ length: 600 }, (_, i) => ({ key: (i * 7919) % 5, i }));
  list.sort((a, b) => a.key - b.key);
  return list.every(
    (each, at) =>
      at === 0 ||
      list[at - 1]!.key < each.key ||
      (list[at - 1]!.key === each.key && list[at - 1]!.i < each.i),
  );
});
ask('a sort without a rule is by text', () => [[10, 9, 1, undefined, 2].sort(), ['b', 'a', 'B', 'é'].sort()]);
ask('map, filter, reduce, some, every, find, flatMap', () => {
  const list = [1, 2, 3, 4];
  return [
    ...[
      list.map(n => n * 2),
      list.filter(n => n % 2 === 0),
      list.reduce((sum, n) => sum + n),
      list.reduce((sum, n) => sum + n, 10),
    ],
    ...[
      list.some(n => n > 3),
      list.every(n => n > 3),
      [].every(() => false),
      list.find(n => n > 2),
      list.find(n => n > 9),
      list.flatMap(n => (n > 2 ? [n, n] : [])),
    ],
  ];
});
ask('push, pop, shift, unshift, splice, slice, concat', () => {
  const list = [1, 2, 3];
  const answers = [
    list.push(4, 5),
    list.pop(),
    list.shift(),
    list.unshift(0, 9),
    list.splice(1, 2, 7, 8, 9),
    list.splice(-1),
    list.splice(0),
  ];
  return [answers, list, [1, 2, 3].slice(-2), [1].concat([2, 3], [4])];
});
ask('splice of a whole list while it is gone through', () => {
  const list = [1, 2, 3];
  const seen: number[] = [];
  for (const n of list.splice(0)) {
    seen.push(n);
    if (n < 3) list.push(n * 10);
  }
  return [seen, list];
});
ask('arrays that change while they are gone through', () => {
  const list = [1, 2, 3];
  const seen: number[] = [];
  for (const n of list) {
    seen.push(n);
    if (n === 1) list.push(4);
    if (n === 2) list.shift();
  }
  return [seen, list];
});
ask('a queue of many, in and out', () => {
  const queue: number[] = [];
  let sum = 0;
  for (let i = 0; i < 5000; i++) {
    queue.push(i);
    if (i % 3 === 2) sum += queue.shift()! * i;
  }
  return [queue.length, queue[0], sum];
});
ask('length: made shorter, made longer, holes', () => {
  const list = [1, 2, 3];
  list.length = 1;
  list[3] = 4;
  return [
    list,
    list.length,
    2 in list,
    list.indexOf(undefined as unknown as number),
    list.includes(undefined as unknown as number),
  ];
});
ask('fill, from, of, copyWithin', () => [
  new Array(3).fill(0),
  Array.from({ length: 3 }, (_, i) => i * i),
  Array.of(7),
  [1, 2, 3, 4, 5].copyWithin(0, 3),
]);
ask('a method of arrays on what is none', () =>
  Array.prototype.map.call({ length: 2, 0: 'a', 1: 'b' }, each => `${each}!`),
);

// --- typed arrays ----------------------------------------------------------------------------------------------------

ask('set, also over itself, in both directions', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
  bytes.set(bytes.subarray(0, 4), 2);
  const other = Uint8Array.of(1, 2, 3, 4, 5, 6);
  other.set(other.subarray(2), 0);
  const numbers = new Uint8Array(4);
  numbers.set([300, -1, 2.9], 1);
  return [bytes, other, numbers];
});
ask('set that does not fit', () => new Uint8Array(2).set([1, 2, 3]));
ask('set beyond the end, and before the beginning', () => {
  const errors: string[] = [];
  for (const at of [3, -1])
    try {
      new Uint8Array(2).set([], at);
      errors.push('none');
    } catch (error) {
      errors.push((error as Error).name);
    }
  return errors;
});
ask('subarray shares, slice copies', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const [part, copy] = [bytes.subarray(1, 3), bytes.slice(1, 3)];
  bytes[1] = 9;
  part[1] = 8;
  return [
    bytes,
    part,
    copy,
    part.byteOffset,
    bytes.subarray(-1),
    bytes.subarray(3, 1),
    bytes.subarray(9),
    part.subarray(1),
  ];
});
ask('copyWithin', () => [
  Uint8Array.of(1, 2, 3, 4, 5).copyWithin(0, 2),
  Uint8Array.of(1, 2, 3, 4, 5).copyWithin(2, 0),
  Uint8Array.of(1, 2, 3, 4, 5).copyWithin(1, 3, 4),
  Uint8Array.of(1, 2, 3, 4, 5).copyWithin(-2, -4, -3),
]);
ask('indexOf, lastIndexOf, includes', () => {
  const bytes = Uint8Array.of(10, 20, 10, 30);
  return [
    bytes.indexOf(10),
    bytes.indexOf(10, 1),
    bytes.indexOf(10, -1),
    bytes.indexOf(266),
    bytes.indexOf(10, 9),
    bytes.lastIndexOf(10),
    bytes.includes(30),
    bytes.subarray(1).indexOf(10),
    new Uint8Array(0).indexOf(0),
  ];
});
ask('values that do not fit wrap or are cut', () => {
  const bytes = new Uint8Array(6);
  const ints = new Int32Array(4);
  for (const [i, value] of [256, -1, 1.9, Number.NaN, 1e10, -0.5].entries()) bytes[i] = value;
  for (const [i, value] of [2 ** 31, -(2 ** 31) - 1, 2 ** 53, Number.POSITIVE_INFINITY].entries())
    ints[i] = value;
  return [bytes, ints];
});
ask('what is outside is undefined', () => {
  const bytes = new Uint8Array(2);
  return [bytes[5], bytes[-1], bytes[2], bytes.length, Object.keys(bytes)];
});
ask('views of the same memory', () => {
  const buffer = new ArrayBuffer(16);
  const [bytes, ints, floats] = [
    new Uint8Array(buffer),
    new Int32Array(buffer, 4, 2),
    new Float64Array(buffer, 8),
  ];
  ints[0] = -2;
  floats[0] = 1.5;
  return [bytes, ints, ints.byteLength, ints.BYTES_PER_ELEMENT];
});
ask('a view that is not aligned', () => new Int32Array(new ArrayBuffer(8), 2));
ask('a view that is too long', () => new Uint8Array(new ArrayBuffer(4), 2, 4));
ask('numbers of the kernel in a view, either way', () => {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, 0x1234, true);
  view.setUint16(2, 80, true);
  view.setUint32(4, 0xfffffffe, true);
  return [
    new Uint8Array(view.buffer),
    view.getUint32(4, true),
    view.getInt32(4, true),
    view.getUint16(0),
    view.getUint8(7),
  ];
});
ask('a view past its end', () => new DataView(new ArrayBuffer(2)).getUint32(0));
ask('floats hold integers of 53 bits', () => {
  const floats = new Float64Array(3);
  floats.set([2 ** 53 - 1, -(2 ** 53), 1_700_000_000.123456]);
  return floats;
});
ask('every, some, map, fill, reverse and sort of typed arrays', () => {
  const bytes = Uint8Array.of(5, 1, 3);
  return [
    bytes.every(byte => byte > 0),
    bytes.some(byte => byte > 4),
    bytes.map(byte => byte * 100),
    bytes.slice().fill(7, 1),
    [...bytes].reverse(),
    bytes.slice().sort(),
    Uint8Array.from([1, 2], n => n * 2),
  ];
});
ask('an array of length below zero', () => new Uint8Array(-1));
ask('for-of and entries', () => {
  const seen: number[] = [];
  for (const byte of Uint8Array.of(7, 8)) seen.push(byte);
  return [seen, [...Uint8Array.of(5).entries()]];
});

// --- maps and sets ------------------------------------------------------------------------------------------------------

ask('a map that loses members while it is gone through', () => {
  const map = new Map<number, string>([1, 2, 3, 4, 5].map(n => [n, `v${n}`]));
  const seen: number[] = [];
  for (const [key] of map) {
    seen.push(key);
    if (key === 1) map.delete(1);
    if (key === 2) map.delete(3);
    if (key === 4) {
      map.delete(5);
      map.set(6, 'new');
    }
  }
  return [seen, map];
});
ask('a set that is emptied, and filled again, while it is gone through', () => {
  const set = new Set([1, 2, 3]);
  const seen: number[] = [];
  for (const n of set) {
    seen.push(n);
    if (n === 2) {
      set.clear();
      set.add(9);
    }
  }
  return [seen, set];
});
ask('a member taken out and put in again is gone through again', () => {
  const set = new Set(['a', 'b']);
  const seen: string[] = [];
  for (const each of set) {
    seen.push(each);
    if (seen.length < 5) {
      set.delete(each);
      set.add(each);
    }
  }
  return [seen, set];
});
ask('iterators that are open while members go', () => {
  const map = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  const keys = map.keys();
  const first = keys.next().value;
  map.delete('a');
  map.delete('b');
  return [first, keys.next().value, keys.next().done, map.size];
});
ask('keys: NaN, zeroes, texts that look like numbers, objects', () => {
  const object = {};
  const map = new Map<unknown, string>([
    [Number.NaN, 'nan'],
    [0, 'zero'],
    ['0', 'text'],
    [object, 'object'],
  ]);
  map.set(-0, 'minus');
  return [
    map.get(Number.NaN),
    map.get(0),
    map.get('0'),
    map.get(object),
    map.get({}),
    map.size,
    map.has(undefined),
  ];
});
ask('integers and the floats that equal them are the same key', () => {
  const map = new Map([
    [1, 'one'],
    [2147483648, 'large'],
  ]);
  return [map.get(0.5 + 0.5), map.get(2 ** 31), map.get(4 / 4), map.delete(3 - 2), map.size];
});
ask('many members come and go', () => {
  const map = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    map.set(i, i);
    if (i >= 10) map.delete(i - 10);
  }
  return [[...map.keys()], map.size];
});
ask('many members of a set, and their order', () => {
  const set = new Set<string>();
  for (let i = 0; i < 3000; i++) set.add(`k${(i * 7919) % 1009}`);
  return [set.size, [...set].slice(0, 5)];
});
ask('forEach, values, entries, size', () => {
  const map = new Map([
    ['x', 1],
    ['y', 2],
  ]);
  const seen: string[] = [];
  map.forEach((value, key) => void seen.push(`${key}${value}`));
  return [seen, [...map.values()], [...map.entries()], new Set(map.keys()).size];
});

// --- objects -----------------------------------------------------------------------------------------------------------

ask('members in their order: numbers first, then as they came', () =>
  Object.keys({ b: 1, 2: 1, a: 1, 1: 1, '-1': 1 }),
);
ask('entries, fromEntries, assign, values', () => [
  Object.fromEntries([
    ['a', 1],
    ['b', 2],
  ]),
  Object.assign({ a: 1 }, { a: 2, b: 3 }, undefined),
  Object.values({ x: 1, y: 2 }),
]);
ask('getters and setters in an object', () => {
  const object = {
    hidden: 1,
    get double() {
      return this.hidden * 2;
    },
    set double(value: number) {
      this.hidden = value / 2;
    },
  };
  object.double = 10;
  return [object.hidden, object.double, Object.keys(object)];
});
ask('a member that only can be read', () => {
  const object = {
    get fixed() {
      return 1;
    },
  } as { fixed: number };
  object.fixed = 2;
  return object.fixed;
});
ask('frozen objects', () => {
  const frozen = Object.freeze({ a: 1 }) as { a: number };
  frozen.a = 2;
  return frozen.a;
});
ask('objects with many members, added and deleted', () => {
  const object: Record<string, number> = {};
  for (let i = 0; i < 300; i++) object[`m${i}`] = i;
  for (let i = 0; i < 300; i += 2) delete object[`m${i}`];
  object['m0'] = -1;
  return [
    Object.keys(object).length,
    Object.keys(object).slice(-1),
    object['m299'],
    object['m298'],
    object['m0'],
  ];
});
ask('toString of our own', () => `${{ toString: () => 'own' }}`);
ask('an iterable of our own', () => {
  const range = {
    *[Symbol.iterator]() {
      yield 1;
      yield 2;
    },
  };
  return [...range];
});
ask('functions: name, length, bind, call, apply', () => {
  function add(this: { base: number }, a: number, b = 0, ...rest: number[]) {
    return this.base + a + b + rest.length;
  }
  return [
    add.name,
    add.length,
    add.call({ base: 1 }, 2, 3, 4),
    add.apply({ base: 1 }, [2]),
    add.bind({ base: 10 }, 1)(5),
  ];
});
ask('`this` without an object', () => {
  function who(this: unknown) {
    return this;
  }
  return [who(), (() => typeof this)()];
});
ask('reading a member of nothing', () => (undefined as unknown as { a: number }).a);
ask('calling what is no function', () => (({}) as { f: () => void }).f());
ask('assigning to a constant of a module', () => {
  const fixed = 1 as number;
  const change = new Map([['change', () => fixed + 1]]).get('change')!;
  return change();
});
ask('a function that calls itself without an end', () => {
  const deeper = (n: number): number => deeper(n + 1) + 1;
  try {
    return deeper(0);
  } catch (error) {
    return error instanceof Error; // engines have different names for it
  }
});
ask('the same again, after that', () => {
  const deep = (n: number): number => (n === 0 ? 0 : deep(n - 1) + 1);
  return deep(100);
});

// --- what lives in the image, and is changed when it runs -----------------------------------------------------------------

/** Made when the executable is built. */
const atBuild = {
  list: [3, 1, 2],
  map: new Map<string, number[]>([['old', [1]]]),
  set: new Set(['old']),
  text: 'text of the image',
  bytes: Uint8Array.of(1, 2, 3),
  nested: { deep: { value: 1 } } as { deep: Record<string, unknown> },
  counter: new Counter('image'),
  closure: makeClosure(),
};

function makeClosure() {
  let value = 0;
  const history: string[] = [];
  return {
    add(by: string) {
      history.push(by);
      value += by.length;
      return value;
    },
    read: () => [value, history],
  };
}

ask('an array of the image grows and shrinks', () => {
  const { list } = atBuild;
  for (let i = 0; i < 1000; i++) list.push(i);
  list.sort((a, b) => a - b);
  const sum = list.reduce((all, n) => all + n, 0);
  list.splice(0, 990);
  list.shift();
  return [sum, list.length, list[0]];
});
ask('a map and a set of the image', () => {
  const { map, set } = atBuild;
  map.get('old')!.push(2, 3);
  for (let i = 0; i < 500; i++) {
    map.set(`k${i}`, [i]);
    set.add(`k${i}`);
  }
  for (let i = 0; i < 500; i += 2) {
    map.delete(`k${i}`);
    set.delete(`k${i}`);
  }
  map.delete('old');
  return [map.size, set.size, map.get('k499'), set.has('old'), [...map.keys()].slice(0, 2)];
});
ask('a text of the image is lengthened, and stays', () => {
  let text = atBuild.text;
  for (let i = 0; i < 100; i++) text += '!';
  return [text.length, atBuild.text];
});
ask('bytes of the image', () => {
  atBuild.bytes[0] = 200;
  return [atBuild.bytes, atBuild.bytes.subarray(1)];
});
ask('an object of the image gets, changes and loses members', () => {
  const { deep } = atBuild.nested;
  for (let i = 0; i < 50; i++) deep[`added${i}`] = { i };
  deep['value'] = 'changed';
  for (let i = 0; i < 49; i++) delete deep[`added${i}`];
  return deep;
});
ask('an object of a class of the image', () => {
  const { counter } = atBuild;
  counter.add().add();
  counter.count = 2;
  return [counter.report(), counter.bound()];
});
ask('variables that functions of the image have captured', () => {
  for (let i = 0; i < 300; i++) atBuild.closure.add(`by ${i}`);
  const [value, history] = atBuild.closure.read() as [number, string[]];
  return [value, history.length, history[299]];
});
ask('prototypes and functions of the image get members', () => {
  const prototype = Counter.prototype as unknown as Record<string, unknown>;
  prototype['added'] = () => 'added';
  (Counter as unknown as Record<string, unknown>)['tag'] = [1];
  const answer = (new Counter('late') as unknown as { added(): string }).added();
  delete prototype['added'];
  return [answer, 'added' in prototype, (Counter as unknown as Record<string, unknown>)['tag']];
});
ask('rings of objects, of new ones and of those of the image, over and over', () => {
  const { deep } = atBuild.nested;
  let made = 0;
  for (let round = 0; round < 20_000; round++) {
    const one: Record<string, unknown> = { round, data: new Uint8Array(64) };
    const other = { one, call: () => one };
    one['other'] = other;
    if (round % 100 === 0) deep['ring'] = one;
    made++;
  }
  const ring = deep['ring'] as { round: number; other: { call(): unknown } };
  return [made, ring.round, ring.other.call() === ring];
});
