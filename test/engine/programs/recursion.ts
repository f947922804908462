// Calls that have no end, each kind by a way of its own through the engine. Says how deep each went; twice, because
// what is left of the first time must not count the second time.

export function tell(say: (line: string) => void): void {
  for (const [name, go] of ways) {
    const first = depthOf(go);
    const second = depthOf(go);
    const words = second >= first / 2 ? 'and again' : `then at ${second}`;
    say(`${name}: stopped at ${first}, ${words}`);
  }
}

function depthOf(go: (note: () => void) => unknown): number {
  let depth = 0;
  try {
    go(() => {
      depth++;
    });
  } catch (error) {
    if (error instanceof Error) return depth;
  }
  return -1;
}

class Ring {
  readonly note: () => void;

  constructor(note: () => void) {
    this.note = note;
  }

  get next(): number {
    this.note();
    return this.next + 1;
  }

  toString(): string {
    this.note();
    return `${this}`;
  }

  *[Symbol.iterator](): Generator<number> {
    this.note();
    yield* this;
  }
}

const ways: [name: string, go: (note: () => void) => unknown][] = [
  [
    'function',
    note => {
      const deeper = (n: number): number => {
        note();
        return deeper(n + 1) + 1;
      };
      return deeper(0);
    },
  ],
  [
    'function with many variables',
    note => {
      const deeper = (...all: number[]): number => {
        note();
        const [a, b, c, d, e, f] = all;
        return deeper(...all) + a! + b! + c! + d! + e! + f!;
      };
      return deeper(...Array.from({ length: 200 }, (_, i) => i));
    },
  ],
  [
    'callback of map',
    note => {
      const deeper = (n: number): number[] => {
        note();
        return [n].map(each => deeper(each + 1)[0]! + 1);
      };
      return deeper(0);
    },
  ],
  [
    'rule of a sort',
    note => {
      const deeper = (): number => {
        note();
        [2, 1].sort(deeper);
        return 0;
      };
      return deeper();
    },
  ],
  ['getter', note => new Ring(note).next],
  ['toString', note => `${new Ring(note)}`],
  ['generator', note => [...new Ring(note)]],
  [
    'constructor',
    note => {
      class Deeper {
        readonly inner: Deeper;
        constructor() {
          note();
          this.inner = new Deeper();
        }
      }
      return new Deeper();
    },
  ],
  [
    'finally',
    note => {
      const deeper = (): number => {
        try {
          note();
          return deeper() + 1;
        } finally {
          note();
        }
      };
      return deeper();
    },
  ],
  [
    'call and apply',
    note => {
      function deeper(): number {
        note();
        return Math.max(deeper.call(undefined), 0);
      }
      return deeper.apply(undefined);
    },
  ],
  [
    'typed array from a callback',
    note => {
      const deeper = (): number => {
        note();
        return Uint8Array.from([1], deeper)[0]!;
      };
      return deeper();
    },
  ],
  [
    'callback of a map',
    note => {
      const map = new Map([[1, 1]]);
      const deeper = (): void => {
        note();
        map.forEach(deeper);
      };
      return deeper();
    },
  ],
];
