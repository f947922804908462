import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Facts, nextStep, type Step } from '../../../src/lifecycle/next-step.ts';

const nothing: Facts = {
  runtimeStatus: undefined,
  consoleWanted: false,
  consoleHere: false,
  containerPid: undefined,
  containerStatus: undefined,
  timedOut: false,
};
const exited = (code: number) => code << 8;

/** Every combination of what each fact can be. */
const allFacts: readonly Facts[] = combine({
  runtimeStatus: [undefined, 0, exited(1), 9],
  consoleWanted: [false, true],
  consoleHere: [false, true],
  containerPid: [undefined, 42],
  containerStatus: [undefined, 'unknown', 0, exited(3)],
  timedOut: [false, true],
});

describe('next step', () => {
  it('without a runtime that has ended there is nothing to decide, whatever else is known', () => {
    for (const facts of allFacts)
      if (facts.runtimeStatus === undefined && facts.containerPid === undefined)
        assert.equal(nextStep(facts), 'wait');
  });

  it('a runtime that fails has failed, with a terminal and without', () => {
    for (const facts of allFacts)
      if (facts.runtimeStatus && facts.containerPid === undefined)
        assert.equal(nextStep(facts), 'fail-runtime');
  });

  it('a runtime that a signal killed has failed', () => {
    assert.equal(nextStep({ ...nothing, runtimeStatus: 9 }), 'fail-runtime');
  });

  it('a runtime that ended well is believed, unless the terminal is missing that was asked for', () => {
    const ended = { ...nothing, runtimeStatus: 0 };
    assert.equal(nextStep(ended), 'identify');
    assert.equal(nextStep({ ...ended, consoleHere: true }), 'identify');
    assert.equal(nextStep({ ...ended, consoleWanted: true }), 'fail-console');
    assert.equal(nextStep({ ...ended, consoleWanted: true, consoleHere: true }), 'identify');
  });

  it('a container that is known ends by its status or by its time, and by nothing else', () => {
    for (const facts of allFacts)
      if (facts.containerPid !== undefined) {
        const isOver = facts.containerStatus !== undefined || facts.timedOut;
        assert.equal(nextStep(facts), isOver ? 'end' : 'wait', JSON.stringify(facts));
      }
  });

  it('a status of 0 and one that nobody knows are statuses', () => {
    for (const containerStatus of [0, 'unknown'] as const)
      assert.equal(nextStep({ ...nothing, runtimeStatus: 0, containerPid: 42, containerStatus }), 'end');
  });

  it('what has been decided is not taken back by a fact that comes later', () => {
    for (const facts of allFacts) {
      const step = nextStep(facts);
      if (step === 'wait' || step === 'fail-console') continue; // a terminal may still be found waiting
      for (const later of [{ containerStatus: 0 }, { timedOut: true }, { consoleHere: true }])
        assert.equal(nextStep({ ...facts, ...later }), step, JSON.stringify({ facts, later }));
    }
  });
});

describe('a life', () => {
  const endings: Record<string, { readonly events: readonly Event[]; readonly decisions: readonly Step[] }> =
    {
      'a container that ran': {
        events: ['runtime ends', 'container ends'],
        decisions: ['identify', 'end'],
      },
      'one whose status nobody knows': {
        events: ['runtime ends', 'container vanishes'],
        decisions: ['identify', 'end'],
      },
      'one whose time is up': { events: ['runtime ends', 'time is up'], decisions: ['identify', 'end'] },
      'one whose time is up as it ends': {
        events: ['runtime ends', 'container ends', 'time is up'],
        decisions: ['identify', 'end'],
      },
      'a runtime that failed, after something of it had started': {
        events: ['runtime fails', 'container ends', 'time is up'],
        decisions: ['fail-runtime'],
      },
      'a container with a terminal': {
        events: ['console comes', 'runtime ends', 'container ends', 'time is up'],
        decisions: ['identify', 'end'],
      },
      'a terminal, and a runtime that then failed': {
        events: ['console comes', 'runtime fails', 'container ends'],
        decisions: ['fail-runtime'],
      },
    };

  for (const [name, { events, decisions }] of Object.entries(endings))
    it(`${name}: the decisions are the same for every order of arrival, and however many come in one turn`, () => {
      let lives = 0;
      for (const order of permute(events))
        for (const turns of cut(order)) {
          assert.deepEqual(live(turns), decisions, JSON.stringify(turns));
          lives++;
        }
      assert.equal(lives, factorial(events.length) * 2 ** (events.length - 1));
    });

  it('a terminal that never comes: the runtime has ended without it, whenever its container ended', () => {
    for (const order of permute(['runtime ends', 'container ends', 'time is up'] as const))
      for (const turns of cut(order)) assert.deepEqual(live(turns, true), ['fail-console']);
  });
});

type Event =
  | 'console comes'
  | 'runtime ends'
  | 'runtime fails'
  | 'container ends'
  | 'container vanishes'
  | 'time is up';

/**
 * Lives by the turns' events, as the monitor does: notes all of a turn, then decides once; a container's pid is known
 * once it has been identified. Whether a terminal waits unreported is looked up when the runtime has ended.
 */
function live(
  turns: readonly (readonly Event[])[],
  consoleWanted = turns.flat().includes('console comes'),
): Step[] {
  let facts: Facts = { ...nothing, consoleWanted };
  const decisions: Step[] = [];
  const decide = (): void => {
    if (nextStep(facts) === 'fail-console' && turns.flat().includes('console comes'))
      facts = { ...facts, consoleHere: true };
    const step = nextStep(facts);
    if (step === 'wait' || decisions.at(-1) === 'end' || decisions.at(-1)?.startsWith('fail')) return;
    decisions.push(step);
    if (step !== 'identify') return;
    facts = { ...facts, containerPid: 42 };
    decide();
  };
  for (const events of turns) {
    for (const event of events) facts = note(facts, event);
    decide();
  }
  return decisions;
}

function note(facts: Facts, event: Event): Facts {
  switch (event) {
    case 'console comes':
      return { ...facts, consoleHere: true };
    case 'runtime ends':
      return { ...facts, runtimeStatus: 0 };
    case 'runtime fails':
      return { ...facts, runtimeStatus: exited(1) };
    case 'container ends':
      return { ...facts, containerStatus: exited(3) };
    case 'container vanishes':
      return { ...facts, containerStatus: facts.containerStatus ?? 'unknown' };
    case 'time is up':
      return { ...facts, timedOut: facts.timedOut || facts.containerStatus === undefined };
  }
}

function permute<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permute(items.toSpliced(i, 1)).map(rest => [item, ...rest]));
}

/** Every way to cut the items into one or more pieces. */
function cut<T>(items: readonly T[]): T[][][] {
  if (items.length <= 1) return [[[...items]]];
  return items.flatMap((_, i) => {
    const first = items.slice(0, i + 1);
    return i + 1 === items.length ? [[first]] : cut(items.slice(i + 1)).map(rest => [first, ...rest]);
  });
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function combine<T extends object>(choices: { readonly [K in keyof T]: readonly T[K][] }): T[] {
  const names = Object.keys(choices) as (keyof T)[];
  return names.reduce<Partial<T>[]>(
    (made, name) => made.flatMap(one => choices[name].map(value => ({ ...one, [name]: value }))),
    [{}],
  ) as T[];
}
