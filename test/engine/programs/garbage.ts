// Garbage that refers to itself, of every kind that there is, over and over. Says after each kind how many bytes of memory
// the process has for itself.

import { sys } from '../../../src/sys/real.ts';

const rounds = 100_000;

export function tell(say: (line: string) => void): void {
  say(`before ${readPrivateBytes()}`);
  for (const [name, make] of kinds) {
    let most = 0;
    for (let part = 0; part < 10; part++) {
      for (let i = 0; i < rounds / 10; i++) make(i);
      most = Math.max(most, readPrivateBytes());
    }
    say(`${name} ${most}`);
  }
}

interface Ring {
  next?: unknown;
}

class Node {
  readonly #next: Node | undefined;
  #previous: Node | undefined;
  readonly data = new Uint8Array(40);

  constructor(next?: Node) {
    this.#next = next;
    if (next !== undefined) next.#previous = this;
  }

  get next(): Node | undefined {
    return this.#next ?? this.#previous;
  }
}

/** Made when the executable is built; what hangs on it is made anew. */
const ofImage: { last?: unknown; readonly map: Map<string, unknown> } = { map: new Map() };

const kinds: readonly [name: string, make: (i: number) => void][] = [
  [
    'object to itself',
    () => {
      const ring: Ring = {};
      ring.next = ring;
    },
  ],
  [
    'objects in a ring, with texts',
    i => {
      const one: Ring & { text?: string } = {};
      one.next = { next: { next: one, text: `text ${i} of a length` } };
      one.text = `text ${i}`;
    },
  ],
  [
    'arrays in each other',
    () => {
      const one: unknown[] = [];
      const other = [one, 1, 2, 3];
      one.push(other);
    },
  ],
  [
    'objects in a ring, behind a large buffer that has gone',
    i => {
      const one: Ring = { next: { next: i % 10_000 === 0 ? new Uint8Array(8 * 1024 * 1024).length : i } };
      (one.next as Ring).next = one;
    },
  ],
  ['objects of a class, by private fields', () => void new Node(new Node()).next],
  [
    'function that has captured itself',
    i => {
      const call = (n: number): number => (n === 0 ? i : call(n - 1));
      call(1);
    },
  ],
  [
    'object with a method that has captured it',
    i => {
      const object = { count: i, add: () => object.count };
      object.add();
    },
  ],
  [
    'map and set in each other',
    () => {
      const map = new Map<string, unknown>();
      const set = new Set<unknown>([map]);
      map.set('set', set);
    },
  ],
  [
    'map that has itself as a key',
    () => {
      const map = new Map<unknown, unknown>();
      map.set(map, map);
    },
  ],
  [
    'bytes with a ring around them',
    () => {
      const ring: Ring & { bytes?: Uint8Array; part?: Uint8Array } = {};
      ring.bytes = new Uint8Array(2000);
      ring.part = ring.bytes.subarray(10, 20);
      ring.next = { next: ring };
    },
  ],
  [
    'generator that was left in the middle',
    () => {
      function* numbers(): Generator<unknown> {
        yield 1;
        yield run;
      }
      const run: Generator<unknown> = numbers();
      run.next();
    },
  ],
  [
    'error that knows itself, thrown and caught',
    () => {
      try {
        const error: Error & Ring = new Error('thrown');
        error.next = error;
        throw error;
      } catch {
        // that is all
      }
    },
  ],
  [
    'object with many members, of which one is itself',
    i => {
      const object: Record<string, unknown> = {};
      for (let n = 0; n < 20; n++) object[`m${n}`] = i;
      object['self'] = object;
    },
  ],
  [
    'ring on an object of the image, until the next one comes',
    i => {
      const ring: Ring & { up?: unknown } = { up: ofImage };
      ring.next = ring;
      ofImage.last = ring;
      ofImage.map.set(`k${i % 10}`, ring);
    },
  ],
];

declare const conmonSys: object | undefined;

/** Zero under Node, of which nobody asks that. */
function readPrivateBytes(): number {
  if (typeof conmonSys === 'undefined') return 0;
  const fd = sys.open('/proc/self/smaps_rollup', 0, 0);
  const bytes = new Uint8Array(4096);
  const length = sys.read(fd, bytes, 0, bytes.length);
  sys.close(fd);
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[i]!);
  const label = 'Private_Dirty:';
  const start = text.indexOf(label) + label.length;
  let kib = 0;
  for (let i = start; text[i] !== 'k'; i++) if (text[i] !== ' ') kib = 10 * kib + (text.charCodeAt(i) - 0x30);
  return kib * 1024;
}
